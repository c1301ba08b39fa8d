/* Lets Debian's User-Mode-Linux run where a processor has more registers than it knows.
 *
 * It keeps 2696 bytes of a process's vector registers. A processor with AMX has 11,008, and the host puts back all of
 * them or none: the guest then dies of "ptrace set fp regs failed". Preloaded into it, this adds what is missing from
 * the process itself: what a guest of that age cannot have touched.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef long (*tracer)(enum __ptrace_request, pid_t, void *, void *);

static char registers[1 << 16];

long ptrace(enum __ptrace_request request, ...)
{
    tracer host = (tracer)dlsym(RTLD_NEXT, "ptrace");
    struct iovec whole = {registers, sizeof registers};
    va_list rest;
    va_start(rest, request);
    pid_t process = va_arg(rest, pid_t);
    void *kind = va_arg(rest, void *);
    void *data = va_arg(rest, void *);
    va_end(rest);
    if (request != PTRACE_SETREGSET || (long)kind != NT_X86_XSTATE)
        return host(request, process, kind, data);
    struct iovec *known = data;
    if (host(PTRACE_GETREGSET, process, kind, &whole) != 0 || known->iov_len >= whole.iov_len)
        return host(request, process, kind, data);
    memcpy(registers, known->iov_base, known->iov_len);
    return host(request, process, kind, &whole);
}
