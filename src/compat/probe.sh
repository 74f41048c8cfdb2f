#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: probe.sh OUTPUT COMPILER [FLAGS...]
# Writes a header that says which kernel interfaces the compiler accepts.
set -eu

out=$1
shift
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM

# try NAME INCLUDES... -- STATEMENT
try() {
	name=$1
	shift
	: >"$tmp/probe.c"
	while [ "$1" != -- ]; do
		echo "#include <$1>" >>"$tmp/probe.c"
		shift
	done
	shift
	printf 'void kdbus_probe(void);\nvoid kdbus_probe(void)\n{\n%s\n}\n' \
		"$1" >>"$tmp/probe.c"
	if eval "$compile" >"$tmp/log" 2>&1; then
		echo "#define KDBUS_HAVE_$name 1"
	else
		echo "/* KDBUS_HAVE_$name is not set */"
	fi
}

quote() {
	for arg; do
		printf "'%s' " "$(printf %s "$arg" | sed "s/'/'\\\\''/g")"
	done
}
compile="$(quote "$@") -Werror -fsyntax-only '$tmp/probe.c'"

# A probe that must compile: without it every answer would be "no".
control=$(try CONTROL linux/net.h -- 'struct socket s; (void)s;')
case $control in
'#define '*) ;;
*)
	echo "probe.sh: the kernel headers do not compile:" >&2
	cat "$tmp/log" >&2
	exit 1
	;;
esac

{
	echo '/* Made by probe.sh. */'
	try SOCKADDR_UNSIZED linux/net.h -- \
		'struct proto_ops o = {}; int (*f)(struct socket *, struct sockaddr_unsized *, int) = o.bind; (void)f;'
	try PROTO_ACCEPT_ARG net/sock.h -- \
		'struct proto_accept_arg a = {}; (void)a.flags;'
	try SENDPAGE linux/net.h net/sock.h -- \
		'struct proto_ops o = { .sendpage = sock_no_sendpage }; (void)o;'
	try SOCK_FROM_FILE_ERR linux/net.h -- \
		'int err; (void)sock_from_file(NULL, &err);'
	try START_CREATING_PATH linux/namei.h -- \
		'struct path p; end_creating_path(&p, start_creating_path(0, "", &p, 0));'
	try MKNOD_DELEGATED linux/fs.h linux/mount.h -- \
		'struct path p = {}; (void)vfs_mknod(mnt_idmap(p.mnt), NULL, NULL, 0, 0, NULL);'
	try MKNOD_IDMAP linux/fs.h linux/mount.h -- \
		'struct path p = {}; (void)vfs_mknod(mnt_idmap(p.mnt), NULL, NULL, 0, 0);'
	try MKNOD_USERNS linux/fs.h linux/mount.h -- \
		'struct path p = {}; (void)vfs_mknod(mnt_user_ns(p.mnt), NULL, NULL, 0, 0);'
	try SCM_DETACH_NOTRUNC net/scm.h -- 'scm_detach_fds(NULL, NULL, false);'
	try SK_SCM_FLAGS net/sock.h -- \
		'struct sock s = {}; (void)s.sk_scm_credentials;'
	try LSM_PROP linux/security.h -- \
		'struct lsm_prop p; security_current_getlsmprop_subj(&p);'
	try CURRENT_GETSECID linux/security.h -- \
		'u32 id; security_current_getsecid_subj(&id);'
} >"$out.tmp"
mv "$out.tmp" "$out"
