/*
 * Preloaded into user-mode-linux (6.1) by labs/kernel/run.
 *
 * That kernel keeps the extended registers of its processes in a buffer of a size
 * fixed when it was built, and moves them with PTRACE_GETREGSET and
 * PTRACE_SETREGSET. A host whose processor has more of them (AMX alone adds 8 KB)
 * answers a write that is shorter than its own area with EFAULT or EINVAL, and the guest
 * dies at once. So the host is always asked for, and given, an area as large as it has;
 * user-mode-linux sees the front of it. What lies behind are registers that were
 * in their initial state when they were read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REQ_PEEKTEXT 1
#define REQ_PEEKUSER 3
#define REQ_GETREGSET 0x4204
#define REQ_SETREGSET 0x4205
#define X86_XSTATE 0x202

static _Thread_local char whole[1 << 16] __attribute__((aligned(64)));
static size_t host_length; /* of the host's area; 0: not yet known */

static size_t shorter(size_t a, size_t b) { return a < b ? a : b; }

static long get_xstate(long pid, struct iovec *want)
{
	struct iovec all = { whole, sizeof whole };
	long r = syscall(SYS_ptrace, REQ_GETREGSET, pid, X86_XSTATE, &all);

	if (r == 0) {
		host_length = all.iov_len;
		want->iov_len = shorter(want->iov_len, all.iov_len);
		memcpy(want->iov_base, whole, want->iov_len);
	}
	return r;
}

static long set_xstate(long pid, const struct iovec *given)
{
	size_t n = shorter(given->iov_len, sizeof whole);
	struct iovec all = { whole, host_length > n ? host_length : n };

	memset(whole, 0, sizeof whole);
	memcpy(whole, given->iov_base, n);
	return syscall(SYS_ptrace, REQ_SETREGSET, pid, X86_XSTATE, &all);
}

long ptrace(int request, ...)
{
	va_list args;
	long pid, addr, data, word, r;

	va_start(args, request);
	pid = va_arg(args, long);
	addr = va_arg(args, long);
	data = va_arg(args, long);
	va_end(args);

	if (request == REQ_GETREGSET && addr == X86_XSTATE)
		return get_xstate(pid, (struct iovec *)data);
	if (request == REQ_SETREGSET && addr == X86_XSTATE)
		return set_xstate(pid, (const struct iovec *)data);
	if (request < REQ_PEEKTEXT || request > REQ_PEEKUSER)
		return syscall(SYS_ptrace, request, pid, addr, data);
	/* The C library returns the word; the system call stores it. */
	r = syscall(SYS_ptrace, request, pid, addr, &word);
	if (r < 0)
		return r;
	errno = 0;
	return word;
}
