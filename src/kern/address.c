// SPDX-License-Identifier: GPL-2.0-only
/*
 * The paths that sockets are bound to.
 *
 * As with AF_UNIX, a path is found by its inode, so that links, bind mounts
 * and mount namespaces work, and the file system's permissions count.
 */

#include <linux/hashtable.h>
#include <linux/namei.h>

#include "address.h"
#include "family.h"

static DEFINE_HASHTABLE(kdbus_bound, 6);
static DEFINE_SPINLOCK(kdbus_bound_lock);

static struct inode *kdbus_address_inode(const struct path *path)
{
	return d_backing_inode(path->dentry);
}

/**
 * kdbus_address_parse() - take an address from user space
 * @address: filled in
 * @from: what was given
 * @len: its length
 *
 * Return: 0, or -EINVAL if it is not the path of a socket of this family.
 */
int kdbus_address_parse(struct kdbus_address *address,
			const kdbus_sockaddr_t *from, int len)
{
	const int offset = offsetof(struct sockaddr_un, sun_path);
	struct sockaddr_un *sun = &address->sun;
	size_t path_len;

	if (len <= offset || len > (int)sizeof(*sun))
		return -EINVAL;
	memset(sun, 0, sizeof(*sun));
	memcpy(sun, from, len);
	if (!kdbus_is_family(sun->sun_family))
		return -EINVAL;
	path_len = strnlen(sun->sun_path, sizeof(sun->sun_path));
	if (!path_len || path_len == sizeof(sun->sun_path))
		return -EINVAL;
	address->len = offset + path_len + 1;
	return 0;
}

static void kdbus_address_attach(struct kdbus_sock *ks,
				 struct kdbus_address *address,
				 const struct path *parent,
				 struct dentry *dentry)
{
	ks->path.mnt = mntget(parent->mnt);
	ks->path.dentry = dget(dentry);
	ks->address.sun = address->sun;
	/* Pairs with getsockname(). */
	smp_store_release(&ks->address.len, address->len);
	spin_lock(&kdbus_bound_lock);
	hash_add(kdbus_bound, &ks->bound,
		 (unsigned long)kdbus_address_inode(&ks->path));
	spin_unlock(&kdbus_bound_lock);
}

/**
 * kdbus_address_bind() - make the inode of a socket
 * @ks: a socket without address; its setup mutex is held
 * @address: where
 * @mode: permissions, before the umask
 *
 * Context: process context, may sleep.
 * Return: 0, -EADDRINUSE if something is there, or what the file system says.
 */
int kdbus_address_bind(struct kdbus_sock *ks, struct kdbus_address *address,
		       umode_t mode)
{
	struct dentry *dentry;
	struct path parent;
	int ret;

	lockdep_assert_held(&ks->setup);

	dentry = kdbus_path_create(address->sun.sun_path, &parent);
	if (IS_ERR(dentry)) {
		ret = PTR_ERR(dentry);
		goto out;
	}
	mode = S_IFSOCK | (mode & ~current_umask());
	ret = security_path_mknod(&parent, dentry, mode, 0);
	if (!ret)
		ret = kdbus_vfs_mknod(&parent, dentry, mode);
	if (!ret)
		kdbus_address_attach(ks, address, &parent, dentry);
	kdbus_path_create_end(&parent, dentry);
out:
	return ret == -EEXIST ? -EADDRINUSE : ret;
}

/**
 * kdbus_address_unbind() - a bound socket goes away; its inode stays
 * @ks: the socket
 *
 * Context: process context, may sleep.
 */
void kdbus_address_unbind(struct kdbus_sock *ks)
{
	if (!ks->path.dentry)
		return;
	spin_lock(&kdbus_bound_lock);
	hash_del(&ks->bound);
	spin_unlock(&kdbus_bound_lock);
	path_put(&ks->path);
	ks->path = (struct path){};
}

static struct kdbus_sock *kdbus_address_lookup(const struct inode *inode)
{
	struct kdbus_sock *ks, *found = NULL;

	spin_lock(&kdbus_bound_lock);
	hash_for_each_possible(kdbus_bound, ks, bound, (unsigned long)inode)
		if (kdbus_address_inode(&ks->path) == inode) {
			sock_hold(&ks->sk);
			found = ks;
			break;
		}
	spin_unlock(&kdbus_bound_lock);
	return found;
}

/**
 * kdbus_address_find() - find the socket bound to a path
 * @address: the path
 *
 * Context: process context, may sleep; the caller's permissions count.
 * Return: the socket, with a reference on its sock; or -ECONNREFUSED if no
 * socket of this family is bound there, -EACCES without permission to write,
 * or what the file system says.
 */
struct kdbus_sock *kdbus_address_find(const struct kdbus_address *address)
{
	struct kdbus_sock *ks;
	struct inode *inode;
	struct path path;
	int ret;

	ret = kern_path(address->sun.sun_path, LOOKUP_FOLLOW, &path);
	if (ret)
		return ERR_PTR(ret);
	ks = ERR_PTR(path_permission(&path, MAY_WRITE));
	if (IS_ERR(ks))
		goto out;
	inode = kdbus_address_inode(&path);
	ks = S_ISSOCK(inode->i_mode) ? kdbus_address_lookup(inode) : NULL;
	if (ks)
		touch_atime(&path);
	else
		ks = ERR_PTR(-ECONNREFUSED);
out:
	path_put(&path);
	return ks;
}
