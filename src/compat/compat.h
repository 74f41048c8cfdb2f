/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernel versions, and nothing else.  config.h is made by
 * probe.sh, which tries to compile each file of probes/: stable releases and
 * distributions move features, so version numbers say little.
 */
#ifndef KDBUS_COMPAT_H
#define KDBUS_COMPAT_H

#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/net.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/un.h>
#include <net/scm.h>
#include <net/sock.h>

#include "config.h"

/* bind() and connect() of struct proto_ops. */
#ifdef KDBUS_HAVE_SOCKADDR_UNSIZED
typedef struct sockaddr_unsized kdbus_sockaddr_t;
#else
typedef struct sockaddr kdbus_sockaddr_t;
#endif

/* accept() of struct proto_ops. */
#ifdef KDBUS_HAVE_PROTO_ACCEPT_ARG
#define KDBUS_ACCEPT(name) \
	int name(struct socket *sock, struct socket *newsock, \
		 struct proto_accept_arg *accept_arg)
#define KDBUS_ACCEPT_FLAGS	(accept_arg->flags)
#else
#define KDBUS_ACCEPT(name) \
	int name(struct socket *sock, struct socket *newsock, \
		 int accept_flags, bool accept_kern)
#define KDBUS_ACCEPT_FLAGS	(accept_flags)
#endif

/* A member of struct proto_ops that has to be there up to 6.4. */
#ifdef KDBUS_HAVE_SENDPAGE
#define KDBUS_NO_SENDPAGE	.sendpage = sock_no_sendpage,
#else
#define KDBUS_NO_SENDPAGE
#endif

static inline struct socket *kdbus_sock_from_file(struct file *file)
{
#ifdef KDBUS_HAVE_SOCK_FROM_FILE_ERR
	int err;

	return sock_from_file(file, &err);
#else
	return sock_from_file(file);
#endif
}

static inline struct dentry *kdbus_path_create(const char *name,
					       struct path *parent)
{
#ifdef KDBUS_HAVE_START_CREATING_PATH
	return start_creating_path(AT_FDCWD, name, parent, 0);
#else
	return kern_path_create(AT_FDCWD, name, parent, 0);
#endif
}

static inline void kdbus_path_create_end(struct path *parent,
					 struct dentry *dentry)
{
#ifdef KDBUS_HAVE_START_CREATING_PATH
	end_creating_path(parent, dentry);
#else
	done_path_create(parent, dentry);
#endif
}

static inline int kdbus_vfs_mknod(const struct path *parent,
				  struct dentry *dentry, umode_t mode)
{
	struct inode *dir = d_inode(parent->dentry);

#if defined(KDBUS_HAVE_MKNOD_DELEGATED)
	return vfs_mknod(mnt_idmap(parent->mnt), dir, dentry, mode, 0, NULL);
#elif defined(KDBUS_HAVE_MKNOD_IDMAP)
	return vfs_mknod(mnt_idmap(parent->mnt), dir, dentry, mode, 0);
#elif defined(KDBUS_HAVE_MKNOD_USERNS)
	return vfs_mknod(mnt_user_ns(parent->mnt), dir, dentry, mode, 0);
#else
	return vfs_mknod(dir, dentry, mode, 0);
#endif
}

static inline void kdbus_scm_detach_fds(struct msghdr *msg,
					struct scm_cookie *scm)
{
#ifdef KDBUS_HAVE_SCM_DETACH_NOTRUNC
	scm_detach_fds(msg, scm, false);
#else
	scm_detach_fds(msg, scm);
#endif
}

/*
 * Does whoever reads from an AF_UNIX socket see who has written (SO_PASSCRED,
 * SO_PASSPIDFD)?  Under rcu_read_lock().
 */
static inline bool kdbus_sk_passes_creds(const struct sock *sk)
{
#ifdef KDBUS_HAVE_SK_SCM_FLAGS
	return sk->sk_scm_credentials || sk->sk_scm_pidfd;
#else
	const struct socket *sock = READ_ONCE(sk->sk_socket);

	/* Nobody has accepted it yet, and AF_UNIX takes it that he will. */
	if (!sock)
		return true;
#ifdef SO_PASSPIDFD
	if (test_bit(SOCK_PASSPIDFD, &sock->flags))
		return true;
#endif
	return test_bit(SOCK_PASSCRED, &sock->flags);
#endif
}

/* Or anything else of him?  Of a socket that the caller has a reference to. */
static inline bool kdbus_sk_wants_extra(const struct sock *sk)
{
#ifdef KDBUS_HAVE_SK_SCM_FLAGS
	/* Beside them is a flag for files, which is on unless it is switched off. */
	return sk->sk_scm_credentials || sk->sk_scm_security || sk->sk_scm_pidfd;
#else
	const unsigned long *flags = &sk->sk_socket->flags;

#ifdef SO_PASSPIDFD
	if (test_bit(SOCK_PASSPIDFD, flags))
		return true;
#endif
	return test_bit(SOCK_PASSCRED, flags) || test_bit(SOCK_PASSSEC, flags);
#endif
}

/* The security label of a task, kept as the kernel numbers it. */
#ifdef KDBUS_HAVE_LSM_PROP
struct kdbus_label {
	struct lsm_prop prop;
};

static inline void kdbus_label_current(struct kdbus_label *label)
{
	security_current_getlsmprop_subj(&label->prop);
}

/* Returns the length, or a negative error; *text is to be freed by kfree(). */
static inline int kdbus_label_text(struct kdbus_label *label, char **text)
{
	struct lsm_context ctx = {};
	int ret = security_lsmprop_to_secctx(&label->prop, &ctx, LSM_ID_UNDEF);

	if (ret < 0)
		return ret;
	ret = ctx.len;
	*text = kmemdup_nul(ctx.context, ctx.len, GFP_KERNEL);
	security_release_secctx(&ctx);
	return *text ? ret : -ENOMEM;
}
#else
struct kdbus_label {
	u32 secid;
};

static inline void kdbus_label_current(struct kdbus_label *label)
{
#if defined(KDBUS_HAVE_CURRENT_GETSECID)
	security_current_getsecid_subj(&label->secid);
#else
	security_task_getsecid(current, &label->secid);
#endif
}

static inline int kdbus_label_text(struct kdbus_label *label, char **text)
{
	char *ctx = NULL;
	u32 len = 0;
	int ret = security_secid_to_secctx(label->secid, &ctx, &len);

	if (ret < 0)
		return ret;
	*text = kmemdup_nul(ctx, len, GFP_KERNEL);
	security_release_secctx(ctx, len);
	return *text ? (int)len : -ENOMEM;
}
#endif

#endif
