/* Gives memory back that isn't needed just now. */
#include "rest.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static int give_back(struct dl_phdr_info *info, size_t size, void *page)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t at = info->dlpi_addr + part->p_vaddr;
        uintptr_t start = at & ~(*(uintptr_t *)page - 1);
        if (part->p_type == PT_LOAD && !(part->p_flags & PF_W)) {
            madvise((void *)start, at + part->p_memsz - start, MADV_DONTNEED);
        }
    }
    return 0;
}

void rest(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    malloc_trim(0);
    dl_iterate_phdr(give_back, &page);
}
