/* Stands before libc in a daemon: while the file that JAM_READ_ONLY names is there, the disk is as a kernel makes it that found
 * its file system broken: read-only, also for files that are open for writing. No test may do that to a real one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at);
ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at);
int ftruncate(int fd, off_t len);
int ftruncate64(int fd, off64_t len);
int unlink(const char *path);

static int is_read_only(void)
{
    const char *flag = getenv("JAM_READ_ONLY");
    int saved = errno;
    int found = flag && access(flag, F_OK) == 0;
    errno = found ? EROFS : saved;
    return found;
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    ssize_t (*next)(int, const void *, size_t, off64_t) =
        (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    return is_read_only() ? -1 : next(fd, bytes, len, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return pwrite64(fd, bytes, len, at);
}

int ftruncate64(int fd, off64_t len)
{
    int (*next)(int, off64_t) = (int (*)(int, off64_t))dlsym(RTLD_NEXT, "ftruncate64");
    return is_read_only() ? -1 : next(fd, len);
}

int ftruncate(int fd, off_t len)
{
    return ftruncate64(fd, len);
}

int unlink(const char *path)
{
    int (*next)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    return is_read_only() ? -1 : next(path);
}
