// SPDX-License-Identifier: GPL-2.0-only
/*
 * What libdbus and the core think of the same bytes.
 *
 * dbus_message_demarshal() runs the loader that dbus-daemon reads its clients
 * with, in the same mode.  The loader's last check is whether the message
 * wants more file descriptors than have come, which are none here: if only
 * that is wrong, the error says so and everything else has been accepted.  A
 * copy that wants none is then compared.
 */
#include "compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dbus/dbus.h>

#include "core/name.h"
#include "core/rewrite.h"

static bool complain(const char *what, const char *ours, const char *theirs)
{
	fprintf(stderr, "difference: %s: core %s, libdbus %s\n", what,
		ours ? ours : "(none)", theirs ? theirs : "(none)");
	return false;
}

static bool same_number(const char *what, u32 ours, u32 theirs)
{
	char a[16];
	char b[16];

	if (ours == theirs)
		return true;
	snprintf(a, sizeof(a), "%u", ours);
	snprintf(b, sizeof(b), "%u", theirs);
	return complain(what, a, b);
}

static bool same_string(const char *what, const struct kdbus_view *view,
			u8 code, const struct kdbus_str *ours,
			const char *theirs)
{
	if (!(view->present & KDBUS_HDR_BIT(code)) != !ours->s)
		return complain(what, "presence unclear", theirs);
	if (!ours->s && !theirs)
		return true;
	if (!ours->s || !theirs || ours->len != strlen(theirs) ||
	    memcmp(ours->s, theirs, ours->len + 1))
		return complain(what, ours->s, theirs);
	return true;
}

static bool same_fixed(const struct kdbus_view *v, DBusMessage *m)
{
	return same_number("type", v->type, dbus_message_get_type(m)) &&
	       same_number("serial", v->serial, dbus_message_get_serial(m)) &&
	       same_number("NO_REPLY_EXPECTED",
			   !!(v->flags & KDBUS_FLAG_NO_REPLY_EXPECTED),
			   dbus_message_get_no_reply(m)) &&
	       same_number("NO_AUTO_START",
			   !!(v->flags & KDBUS_FLAG_NO_AUTO_START),
			   !dbus_message_get_auto_start(m)) &&
	       same_number("INTERACTIVE_AUTH",
			   !!(v->flags & KDBUS_FLAG_INTERACTIVE_AUTH),
			   dbus_message_get_allow_interactive_authorization(m));
}

/* All fields but SENDER. */
static bool same_fields(const struct kdbus_view *v, DBusMessage *m)
{
	static const struct kdbus_str none = { "", 0 };
	const struct kdbus_str *sig = &v->signature;

	/* libdbus does not tell an absent signature from an empty one. */
	if (!sig->s && !(v->present & KDBUS_HDR_BIT(KDBUS_HDR_SIGNATURE)) &&
	    !*dbus_message_get_signature(m))
		sig = &none;
	else if (!same_string("SIGNATURE", v, KDBUS_HDR_SIGNATURE, sig,
			      dbus_message_get_signature(m)))
		return false;

	return same_string("PATH", v, KDBUS_HDR_PATH, &v->path,
			   dbus_message_get_path(m)) &&
	       same_string("INTERFACE", v, KDBUS_HDR_INTERFACE, &v->interface,
			   dbus_message_get_interface(m)) &&
	       same_string("MEMBER", v, KDBUS_HDR_MEMBER, &v->member,
			   dbus_message_get_member(m)) &&
	       same_string("ERROR_NAME", v, KDBUS_HDR_ERROR_NAME,
			   &v->error_name, dbus_message_get_error_name(m)) &&
	       same_string("DESTINATION", v, KDBUS_HDR_DESTINATION,
			   &v->destination, dbus_message_get_destination(m)) &&
	       same_number("REPLY_SERIAL", v->reply_serial,
			   dbus_message_get_reply_serial(m)) &&
	       same_number("CONTAINER",
			   !!(v->present & KDBUS_HDR_BIT(KDBUS_HDR_CONTAINER)),
			   !!dbus_message_get_container_instance(m));
}

static DBusMessage *demarshal(const u8 *data, size_t len, bool *wants_fds)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *m;

	m = dbus_message_demarshal((const char *)data, len, &error);
	*wants_fds = !m && strstr(error.message, "file descriptor missing");
	dbus_error_free(&error);
	return m;
}

/*
 * The same message without UNIX_FDS.  What looks like the field may be
 * something else inside another one; then that gives it away that libdbus
 * does not accept the copy.
 */
static DBusMessage *demarshal_without_fds(const u8 *data, size_t len,
					  u32 header_len)
{
	static const u8 field[4] = { KDBUS_HDR_UNIX_FDS, 1, 'u', 0 };
	DBusMessage *m = NULL;
	bool wants_fds;
	u8 *copy;
	u32 at;

	copy = malloc(len);
	for (at = 16; copy && !m && at + 8 <= header_len; at += 8) {
		if (memcmp(data + at, field, 4))
			continue;
		memcpy(copy, data, len);
		memset(copy + at + 4, 0, 4);
		m = demarshal(copy, len, &wants_fds);
	}
	free(copy);
	return m;
}

/* What libdbus makes of it, or NULL.  @fds: it wants file descriptors. */
static DBusMessage *load(const u8 *data, size_t len, u32 header_len, bool *fds)
{
	DBusMessage *m = demarshal(data, len, fds);

	if (!m && *fds)
		m = demarshal_without_fds(data, len, header_len);
	return m;
}

static bool same_frame(const u8 *data, size_t len, struct kdbus_frame *frame,
		       bool *ok)
{
	int needed = dbus_message_demarshal_bytes_needed((const char *)data,
							 len);

	*ok = kdbus_message_frame(data, KDBUS_MESSAGE_MAX, frame);
	if (*ok != (needed >= 0))
		return complain("frame", *ok ? "valid" : "invalid",
				needed >= 0 ? "valid" : "invalid");
	return !*ok || same_number("total length", frame->total_len, needed);
}

static enum verdict compare_loaded(const u8 *data, u32 len, bool ours,
				   const struct kdbus_view *view)
{
	bool fds = false;
	bool same;
	DBusMessage *m = load(data, len, view->frame.header_len, &fds);

	if (ours != !!m) {
		complain("verdict", ours ? "valid" : "invalid",
			 m ? "valid" : "invalid");
		if (m)
			dbus_message_unref(m);
		return DIFFERENT;
	}
	if (!m)
		return INVALID;
	same = same_fixed(view, m) && same_fields(view, m) &&
	       same_number("UNIX_FDS", !!view->unix_fds, fds) &&
	       same_string("SENDER", view, KDBUS_HDR_SENDER, &view->sender,
			   dbus_message_get_sender(m));
	dbus_message_unref(m);
	return same ? VALID : DIFFERENT;
}

enum verdict compare_message(const u8 *data, size_t len,
			     struct kdbus_view *view)
{
	struct kdbus_frame frame;
	bool ok;

	if (len < KDBUS_FIXED_HEADER)
		return kdbus_message_parse(data, len, view) ?
		       DIFFERENT : INCOMPLETE;
	if (!same_frame(data, len, &frame, &ok))
		return DIFFERENT;
	if (!ok)
		return kdbus_message_parse(data, len, view) ?
		       DIFFERENT : INVALID;
	if (frame.total_len > len)
		return kdbus_message_parse(data, len, view) ?
		       DIFFERENT : INCOMPLETE;
	ok = kdbus_message_parse(data, frame.total_len, view) &&
	     kdbus_body_valid(data, view);
	view->frame = frame;
	return compare_loaded(data, frame.total_len, ok, view);
}

static bool compare_sender(const u8 *out, u32 len, const char *sender,
			   const struct kdbus_view *before)
{
	struct kdbus_view view;
	bool fds = false;
	DBusMessage *m;
	bool same;

	if (!kdbus_message_parse(out, len, &view) ||
	    !kdbus_body_valid(out, &view))
		return complain("rewritten", "invalid", NULL);
	if (view.unknown_fields != before->unknown_fields ||
	    view.unix_fds != before->unix_fds)
		return complain("rewritten", "another field changed", NULL);
	m = load(out, len, view.frame.header_len, &fds);
	if (!m)
		return complain("rewritten", "valid", "invalid");
	same = same_fixed(before, m) && same_fields(before, m) &&
	       same_number("fds", !!before->unix_fds, fds) &&
	       !strcmp(dbus_message_get_sender(m), sender);
	dbus_message_unref(m);
	return same || complain("rewritten", "other fields", NULL);
}

bool compare_rewritten(const u8 *data, const struct kdbus_view *view,
		       const char *sender, u32 headroom)
{
	u32 sender_len = strlen(sender);
	u32 header_len = kdbus_rewrite_len(view, sender_len);
	u32 old_len = view->frame.header_len;
	u32 body_len = view->frame.body_len;
	u8 *buffer = malloc(headroom + view->frame.total_len);
	u8 *out = malloc(header_len + body_len);
	bool same = false;

	if (!buffer || !out || headroom + old_len < header_len)
		goto out;
	kdbus_rewrite_sender(data, view, sender, sender_len, out);
	memcpy(out + header_len, data + old_len, body_len);
	same = compare_sender(out, header_len + body_len, sender, view);

	/* And again in one buffer, the body staying where it is. */
	memcpy(buffer + headroom, data, view->frame.total_len);
	kdbus_rewrite_sender(buffer + headroom, view, sender, sender_len,
			     buffer + headroom + old_len - header_len);
	if (memcmp(buffer + headroom + old_len - header_len, out,
		   header_len + body_len))
		same = complain("rewritten in place", "other bytes", NULL);
out:
	free(buffer);
	free(out);
	return same;
}

bool compare_syntax(const char *s)
{
	static const struct {
		const char *what;
		bool (*ours)(const char *s, u32 len);
		dbus_bool_t (*theirs)(const char *s, DBusError *error);
	} checks[] = {
		{ "bus name", kdbus_is_bus_name, dbus_validate_bus_name },
		{ "interface", kdbus_is_interface, dbus_validate_interface },
		{ "error", kdbus_is_error_name, dbus_validate_error_name },
		{ "member", kdbus_is_member, dbus_validate_member },
		{ "path", kdbus_is_path, dbus_validate_path },
		{ "UTF-8", kdbus_is_utf8, dbus_validate_utf8 },
	};
	bool theirs = dbus_signature_validate(s, NULL);
	size_t len = strlen(s);
	bool same = true;
	size_t i;

	if (kdbus_signature_valid((const u8 *)s, len) != theirs)
		same = complain("signature", s, theirs ? "valid" : "invalid");
	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		theirs = checks[i].theirs(s, NULL);
		if (checks[i].ours(s, len) != theirs)
			same = complain(checks[i].what, s,
					theirs ? "valid" : "invalid");
	}
	return same;
}
