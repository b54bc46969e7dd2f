// Preloaded under user-mode-linux by labs/kernel/run.
//
// The guest kernel keeps the registers of its processes by ptrace, in a buffer
// as long as the extended state was when it was built. A processor with more of it
// (AMX) has a longer one, and the host takes it back whole or not at all. So what
// the host gave last is kept here, and what the guest gives back is laid over it.
#define _GNU_SOURCE
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PTRACE_PEEKTEXT 1
#define PTRACE_PEEKUSER 3
#define PTRACE_GETREGSET 0x4204
#define PTRACE_SETREGSET 0x4205
#define NT_X86_XSTATE 0x202

static char state[1 << 16] __attribute__((aligned(64)));
static size_t state_len; // as the host gives it; 0: not asked yet

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static long get_state(long pid, struct iovec *want)
{
	struct iovec all = {state, sizeof state};
	long result = syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &all);
	if (result == 0) {
		state_len = all.iov_len;
		want->iov_len = least(want->iov_len, state_len);
		memcpy(want->iov_base, state, want->iov_len);
	}
	return result;
}

static long set_state(long pid, const struct iovec *from)
{
	size_t known = least(from->iov_len, sizeof state);
	struct iovec all = {state, known > state_len ? known : state_len};
	memcpy(state, from->iov_base, known);
	memset(state + known, 0, all.iov_len - known);
	return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &all);
}

long ptrace(long request, ...)
{
	va_list rest;
	va_start(rest, request);
	long pid = va_arg(rest, long);
	unsigned long where = va_arg(rest, unsigned long);
	void *data = va_arg(rest, void *);
	va_end(rest);

	if (where == NT_X86_XSTATE && request == PTRACE_GETREGSET)
		return get_state(pid, data);
	if (where == NT_X86_XSTATE && request == PTRACE_SETREGSET)
		return set_state(pid, data);
	if (request >= PTRACE_PEEKTEXT && request <= PTRACE_PEEKUSER) {
		// The call stores the word where data points; the library's function returns it.
		long word = 0, result = syscall(SYS_ptrace, request, pid, where, &word);
		return result < 0 ? result : word;
	}
	return syscall(SYS_ptrace, request, pid, where, data);
}
