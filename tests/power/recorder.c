/*
 * Preloaded into a server: a log of what it does to the files below one folder, in the order in which it happens, for
 * tests/power/journal.py. WEBCAM_POWER_ROOT names the folder, absolute and real; WEBCAM_POWER_LOG the log.
 *
 * An entry is a header and two texts. Files are known by their inode, which the system may use again: CREATE begins a
 * new one. What changes names or contents is done and written down under one lock, so that the log has the true order;
 * a sync is not (it takes long), and has two entries: what was written before BEGIN is on disk at END.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ROOT = 'R', CREATE = 'C', FOLDER = 'F', WRITE = 'W', TRUNCATE = 'T', BEGIN = 'B', END = 'E', RENAME = 'N',
       LINK = 'L', UNLINK = 'U', SAID = 'S' };

struct entry {
    uint64_t inode, offset;
    uint32_t first, second;
    uint8_t kind, unused[7];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[4096];
static size_t root_length;
static dev_t device;
static int log_file = -1;
static pid_t owner;

static void note(uint8_t kind, uint64_t inode, uint64_t offset, const void *first, size_t first_length,
                 const void *second, size_t second_length)
{
    struct entry head = {inode, offset, (uint32_t)first_length, (uint32_t)second_length, kind, {0}};
    struct iovec parts[3] = {{&head, sizeof head}, {(void *)first, first_length}, {(void *)second, second_length}};
    size_t total = sizeof head + first_length + second_length;
    int saved = errno;
    if (syscall(SYS_writev, log_file, parts, 3) != (ssize_t)total)
        abort();
    errno = saved;
}

static void note_names(uint8_t kind, uint64_t inode, const char *first, const char *second)
{
    note(kind, inode, 0, first, strlen(first), second, second ? strlen(second) : 0);
}

__attribute__((constructor)) static void begin(void)
{
    const char *folder = getenv("WEBCAM_POWER_ROOT"), *log = getenv("WEBCAM_POWER_LOG");
    struct stat found;
    if (!folder || !log || strlen(folder) >= sizeof root || stat(folder, &found))
        return;
    strcpy(root, folder);
    root_length = strlen(root);
    device = found.st_dev;
    owner = getpid();
    log_file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (log_file < 0)
        abort();
    note_names(ROOT, found.st_ino, root, NULL);
}

/* The absolute path of what is below the folder, or NULL. */
static const char *below(int folder, const char *path, char *space)
{
    if (log_file < 0 || getpid() != owner || !path)
        return NULL;
    if (*path == '/') {
        if (strlen(path) >= 4096)
            return NULL;
        strcpy(space, path);
    } else {
        char base[4096];
        if (folder == AT_FDCWD) {
            if (!getcwd(base, sizeof base))
                return NULL;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            ssize_t length = readlink(link, base, sizeof base - 1);
            if (length < 0)
                return NULL;
            base[length] = 0;
        }
        if ((size_t)snprintf(space, 4096, "%s/%s", base, path) >= 4096)
            return NULL;
    }
    if (strncmp(space, root, root_length) || (space[root_length] != '/' && space[root_length]))
        return NULL;
    return space;
}

/* Whether the descriptor is a regular file (or with *folders* a folder) on the folder's file system. */
static int known(int number, struct stat *found, int folders)
{
    if (log_file < 0 || getpid() != owner || fstat(number, found) || found->st_dev != device)
        return 0;
    return S_ISREG(found->st_mode) || (folders && S_ISDIR(found->st_mode));
}

static int opened(int folder, const char *path, int flags, mode_t mode)
{
    char space[4096];
    const char *name = below(folder, path, space);
    struct stat found;
    if (!name)
        return (int)syscall(SYS_openat, folder, path, flags, mode);
    pthread_mutex_lock(&lock);
    int missing = lstat(name, &found) != 0;
    int number = (int)syscall(SYS_openat, folder, path, flags, mode);
    int saved = errno;
    if (number >= 0 && !fstat(number, &found) && S_ISREG(found.st_mode)) {
        if (missing)
            note_names(CREATE, found.st_ino, name, NULL);
        else if (flags & O_TRUNC)
            note(TRUNCATE, found.st_ino, 0, NULL, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = saved;
    return number;
}

#define MODE_OF(flags)                                                                                                 \
    mode_t mode = 0;                                                                                                   \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                                             \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode = va_arg(rest, mode_t);                                                                                   \
        va_end(rest);                                                                                                  \
    }

int open(const char *path, int flags, ...) { MODE_OF(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE_OF(flags) return opened(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE_OF(flags) return opened(at, path, flags, mode); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

/* The name under which an inode is known may lie outside; the reader leaves out what CREATE never named. */
static ssize_t written(int number, const struct iovec *parts, int count, off_t offset, int at)
{
    struct stat found;
    if (number == 1 || number == 2) {
        for (int each = 0; each < count && log_file >= 0 && getpid() == owner; each++) {
            pthread_mutex_lock(&lock);
            note(SAID, 0, 0, parts[each].iov_base, parts[each].iov_len, NULL, 0);
            pthread_mutex_unlock(&lock);
        }
    } else if (known(number, &found, 0)) {
        pthread_mutex_lock(&lock);
        if (!at) {
            int flags = fcntl(number, F_GETFL);
            if (flags & O_APPEND) {
                fstat(number, &found);
                offset = found.st_size;
            } else
                offset = lseek(number, 0, SEEK_CUR);
        }
        ssize_t done = at ? syscall(SYS_pwritev, number, parts, count, offset, 0)
                          : syscall(SYS_writev, number, parts, count);
        int saved = errno;
        for (ssize_t left = done; left > 0; parts++) {
            size_t size = (size_t)left < parts->iov_len ? (size_t)left : parts->iov_len;
            note(WRITE, found.st_ino, (uint64_t)offset, parts->iov_base, size, NULL, 0);
            offset += (off_t)size;
            left -= (ssize_t)size;
        }
        pthread_mutex_unlock(&lock);
        errno = saved;
        return done;
    }
    return at ? syscall(SYS_pwritev, number, parts, count, offset, 0) : syscall(SYS_writev, number, parts, count);
}

#define ONE(data, size) struct iovec one = {(void *)(data), (size)}
ssize_t write(int number, const void *data, size_t size) { ONE(data, size); return written(number, &one, 1, 0, 0); }
ssize_t writev(int number, const struct iovec *parts, int count) { return written(number, parts, count, 0, 0); }
ssize_t pwrite(int number, const void *data, size_t size, off_t at) { ONE(data, size); return written(number, &one, 1, at, 1); }
ssize_t pwrite64(int number, const void *data, size_t size, off64_t at) { ONE(data, size); return written(number, &one, 1, at, 1); }
ssize_t pwritev(int number, const struct iovec *parts, int count, off_t at) { return written(number, parts, count, at, 1); }
ssize_t pwritev64(int number, const struct iovec *parts, int count, off64_t at) { return written(number, parts, count, at, 1); }

static int cut(int number, off_t length)
{
    struct stat found;
    if (!known(number, &found, 0))
        return (int)syscall(SYS_ftruncate, number, length);
    pthread_mutex_lock(&lock);
    int failed = (int)syscall(SYS_ftruncate, number, length);
    if (!failed)
        note(TRUNCATE, found.st_ino, (uint64_t)length, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return failed;
}

int ftruncate(int number, off_t length) { return cut(number, length); }
int ftruncate64(int number, off64_t length) { return cut(number, length); }

static int cut_path(const char *path, off_t length)
{
    char space[4096];
    if (!below(AT_FDCWD, path, space))
        return (int)syscall(SYS_truncate, path, length);
    int number = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
    if (number < 0)
        return -1;
    int failed = cut(number, length);
    syscall(SYS_close, number);
    return failed;
}

int truncate(const char *path, off_t length) { return cut_path(path, length); }
int truncate64(const char *path, off64_t length) { return cut_path(path, length); }

/* Only what lengthens a file matters here: a hole reads as the zeros that are kept ready. */
static int reserved(int number, int mode, off_t offset, off_t length)
{
    struct stat found;
    if (!known(number, &found, 0))
        return syscall(SYS_fallocate, number, mode, offset, length) ? -1 : 0;
    pthread_mutex_lock(&lock);
    int failed = (int)syscall(SYS_fallocate, number, mode, offset, length);
    if (!failed && !(mode & 1) && offset + length > found.st_size)
        note(TRUNCATE, found.st_ino, (uint64_t)(offset + length), NULL, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return failed;
}

int fallocate(int number, int mode, off_t offset, off_t length) { return reserved(number, mode, offset, length); }
int fallocate64(int number, int mode, off64_t offset, off64_t length) { return reserved(number, mode, offset, length); }
int posix_fallocate(int number, off_t offset, off_t length) { return reserved(number, 0, offset, length) ? errno : 0; }
int posix_fallocate64(int number, off64_t offset, off64_t length) { return reserved(number, 0, offset, length) ? errno : 0; }

static int synced(int number, long call)
{
    struct stat found;
    if (!known(number, &found, 1))
        return (int)syscall(call, number);
    pthread_mutex_lock(&lock);
    note(BEGIN, found.st_ino, 0, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    int failed = (int)syscall(call, number);
    if (!failed) {
        pthread_mutex_lock(&lock);
        note(END, found.st_ino, 0, NULL, 0, NULL, 0);
        pthread_mutex_unlock(&lock);
    }
    return failed;
}

int fsync(int number) { return synced(number, SYS_fsync); }
int fdatasync(int number) { return synced(number, SYS_fdatasync); }

/* What copies within the kernel is told that it can't: its caller reads and writes then. */
ssize_t sendfile(int to, int from, off_t *offset, size_t size)
{
    struct stat found;
    if (!known(to, &found, 0))
        return syscall(SYS_sendfile, to, from, offset, size);
    errno = ENOTSOCK;
    return -1;
}
ssize_t sendfile64(int to, int from, off64_t *offset, size_t size) { return sendfile(to, from, (off_t *)offset, size); }
ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *into, size_t size, unsigned flags)
{
    (void)from, (void)at, (void)to, (void)into, (void)size, (void)flags;
    errno = ENOSYS;
    return -1;
}

static int moved(uint8_t kind, int from, const char *old, int to, const char *fresh, long flags)
{
    char first[4096], second[4096];
    const char *was = below(from, old, first), *is = below(to, fresh, second);
    struct stat found = {0};
    if (was && is)
        pthread_mutex_lock(&lock);
    int failed = (int)(kind == LINK ? syscall(SYS_linkat, from, old, to, fresh, flags)
                                    : syscall(SYS_renameat2, from, old, to, fresh, flags));
    if (was && is) {
        if (!failed && !lstat(is, &found))
            note_names(kind, found.st_ino, was, is);
        pthread_mutex_unlock(&lock);
    }
    return failed;
}

int rename(const char *old, const char *fresh) { return moved(RENAME, AT_FDCWD, old, AT_FDCWD, fresh, 0); }
int renameat(int from, const char *old, int to, const char *fresh) { return moved(RENAME, from, old, to, fresh, 0); }
int link(const char *old, const char *fresh) { return moved(LINK, AT_FDCWD, old, AT_FDCWD, fresh, 0); }
int linkat(int from, const char *old, int to, const char *fresh, int flags) { return moved(LINK, from, old, to, fresh, flags); }

static int removed(int folder, const char *path, int flags)
{
    char space[4096];
    const char *name = below(folder, path, space);
    if (name)
        pthread_mutex_lock(&lock);
    int failed = (int)syscall(SYS_unlinkat, folder, path, flags);
    if (name) {
        if (!failed)
            note_names(UNLINK, 0, name, NULL);
        pthread_mutex_unlock(&lock);
    }
    return failed;
}

int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return removed(folder, path, flags); }
int rmdir(const char *path) { return removed(AT_FDCWD, path, AT_REMOVEDIR); }

static int made(int folder, const char *path, mode_t mode)
{
    char space[4096];
    const char *name = below(folder, path, space);
    struct stat found;
    if (name)
        pthread_mutex_lock(&lock);
    int failed = (int)syscall(SYS_mkdirat, folder, path, mode);
    if (name) {
        if (!failed && !lstat(name, &found))
            note_names(FOLDER, found.st_ino, name, NULL);
        pthread_mutex_unlock(&lock);
    }
    return failed;
}

int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return made(folder, path, mode); }
