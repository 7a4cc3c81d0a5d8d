/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lets the thread sanitizer see through GLib. Debian's GLib is not instrumented and builds its mutexes on futexes,
 * so TSan sees neither the locks nor what they order, and reports every use of them as a race. This library stands
 * before GLib in the order of symbols. Each function here calls GLib's own and tells TSan what that one promises: who
 * comes before whom (shim_locks.c, shim_order.c), and what it reads and writes of memory that is ours (shim_data.c).
 *
 * GLib calls itself directly, not through these symbols, so what happens wholly inside it stays unseen; that is meant.
 * What needs no help: threads, which TSan sees begin and end; and g_atomic_int_* and g_atomic_pointer_*, which are the
 * compiler's own atomics in whoever includes glib.h. What nobody here uses across threads (GAsyncQueue, g_bit_lock) has
 * no wrapper.
 */
#pragma once

#include <dlfcn.h>
#include <glib.h>
#include <link.h>
#include <sanitizer/tsan_interface.h>

/* GLib's function of that name: the next one after ours. */
#define REAL(name)                                                                                                     \
    ({                                                                                                                 \
        static __typeof__(&(name)) found;                                                                              \
        __typeof__(found) real = __atomic_load_n(&found, __ATOMIC_RELAXED);                                            \
        if (!real) {                                                                                                   \
            real = (__typeof__(found))dlsym(RTLD_NEXT, #name);                                                         \
            __atomic_store_n(&found, real, __ATOMIC_RELAXED);                                                          \
        }                                                                                                              \
        real;                                                                                                          \
    })

/* Whether the function this stands in was called by the program itself, whose code lies between these two. */
extern ElfW(Addr) shim_program, shim_program_end;
#define FROM_PROGRAM (CALLER >= shim_program && CALLER < shim_program_end)
#define CALLER ((ElfW(Addr))__builtin_return_address(0))
