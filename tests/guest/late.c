// SPDX-License-Identifier: GPL-2.0-only
/* Memory that comes only when a test wants it: see late.h. */

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fakebus.h"
#include "late.h"
#include "slow.h"

/**
 * late_page() - make a page
 * @uffd: set to what the other functions know it by
 *
 * Return: its address, or NULL if none can be had.
 */
uint8_t *late_page(int *uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	uint8_t *page;

	/* Otherwise poll() always says that there is something. */
	*uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (*uffd < 0 && (errno == ENOSYS || errno == EPERM))
		return NULL;
	assert_ok(*uffd);
	assert_ok(ioctl(*uffd, UFFDIO_API, &api));
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(page != MAP_FAILED);
	reg.range.start = (uintptr_t)page;
	reg.range.len = PAGE;
	assert_ok(ioctl(*uffd, UFFDIO_REGISTER, &reg));
	return page;
}

/**
 * late_wait() - wait until somebody waits for the page
 * @uffd: see above
 */
void late_wait(int uffd)
{
	struct pollfd p = { .fd = uffd, .events = POLLIN };
	struct uffd_msg msg;

	assert_int_equal(poll(&p, 1, slowly(5000)), 1);
	assert_int_equal(read(uffd, &msg, sizeof(msg)), sizeof(msg));
	assert_int_equal(msg.event, UFFD_EVENT_PAGEFAULT);
}

/**
 * late_give() - let the page come
 * @uffd: see above
 * @page: its address
 * @bytes: what it begins with
 * @len: how many these are
 */
void late_give(int uffd, uint8_t *page, const void *bytes, size_t len)
{
	static uint8_t contents[PAGE] __attribute__((aligned(PAGE)));
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page,
		.src = (uintptr_t)contents,
		.len = PAGE,
	};

	memcpy(contents, bytes, len);
	assert_ok(ioctl(uffd, UFFDIO_COPY, &copy));
}

/**
 * late_end() - give the page back
 * @uffd: see above
 * @page: its address
 */
void late_end(int uffd, uint8_t *page)
{
	munmap(page, PAGE);
	close(uffd);
}
