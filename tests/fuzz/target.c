/* What all targets of libFuzzer share: its entry points, and the account of memory. */
#include <sanitizer/allocator_interface.h>
#include <stdlib.h>

#include "fuzz.h"
#include "keys.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct fuzz_spent spent;

static void took(const volatile void *at, size_t len)
{
    (void)at;
    spent.held += (ptrdiff_t)len;
    spent.most = spent.held > spent.most ? spent.held : spent.most;
}

static void gave_back(const volatile void *at)
{
    spent.held -= at ? (ptrdiff_t)__sanitizer_get_allocated_size((const void *)at) : 0;
}

struct fuzz_spent fuzz_spent_begin(void)
{
    struct fuzz_spent before = spent;
    spent = (struct fuzz_spent){0, 0};
    return before;
}

size_t fuzz_spent_end(struct fuzz_spent before)
{
    struct fuzz_spent now = spent;
    spent = before;
    spent.held += now.held;
    spent.most = before.held + now.most > before.most ? before.held + now.most : before.most;
    return (size_t)now.most;
}

void fuzz_check(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fuzz_check(keys_init() == OK);
    fuzz_check(__sanitizer_install_malloc_and_free_hooks(took, gave_back) > 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fuzz_spent before = fuzz_spent_begin();
    fuzz_one(slice_of(bytes, len));
    fuzz_check(fuzz_spent_end(before) <= fuzz_room + FUZZ_FACTOR * len);
    return 0;
}
