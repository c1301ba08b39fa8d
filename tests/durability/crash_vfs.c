/* A disk for SQLite that lives in memory, loses its power on demand, and fails on demand.
 *
 * Every file has two images: `now`, what a read gives, and `safe`, what a power cut leaves whatever happens. A sync
 * makes `safe` of `now`. At a cut each 512-byte sector touched since the last sync is kept, dropped or garbled
 * (whole, with the bytes in it that were safe before, as a flash card does); the length is the old one or the new;
 * files made, removed or emptied since the last sync are as they were or as they are: all by a seeded draw. A sync
 * of any file makes all names safe, as a journalling file system does; a file that is removed or emptied leaves its
 * blocks alone.
 *
 * One thread only. `crash_*` below is what the tests call; the rest is SQLite's VFS interface, version 2 (WAL).
 */
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, FILES = 16, NAME = 200, REGIONS = 32 };
enum fault { NO_FAULT, POWER_CUT, IO_ERROR, DISK_FULL, READ_ONLY };
enum concern { READING = 1, WRITING = 2, SYNCING = 4, NAMING = 8, SHARING = 16 };
enum count { WRITES, SYNCS, BYTES, COUNTS };

struct image {
    unsigned char *bytes;
    sqlite3_int64 size, room;
};

struct shared {
    void *region[REGIONS];
    int readers[SQLITE_SHM_NLOCK], writer[SQLITE_SHM_NLOCK], users;
};

struct file {
    char name[NAME];
    int linked, linked_safely, opened;
    struct image now, safe, dirty; /* `dirty`: one byte a sector */
    struct image former;           /* what bears the name after a cut, if the last removal is not safe yet */
    int removed;
    int locks[SQLITE_LOCK_EXCLUSIVE + 1];
    struct shared shared;
};

struct handle {
    sqlite3_file base;
    struct file *file;
    int lock, mapped, spares_neighbours; /* the last: what SQLite is told (`psow`), not what the disk does */
    unsigned reading, writing; /* the slots locked in the shared memory */
};

static struct {
    struct file files[FILES];
    uint64_t random;
    enum fault fault;
    long at, calls;
    int sticky, struck, off, lying, paused;
    sqlite3_int64 counts[COUNTS];
} disk;

/* --- chance --------------------------------------------------------------------------------------------------- */

static uint64_t drawn(void) /* splitmix64 */
{
    uint64_t z = (disk.random += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static int below(int bound) { return (int)(drawn() % (uint64_t)bound); }

/* --- images --------------------------------------------------------------------------------------------------- */

static int grown(struct image *image, sqlite3_int64 size)
{
    if (size > image->room) {
        sqlite3_int64 room = size * 2;
        unsigned char *bytes = realloc(image->bytes, (size_t)room);
        if (!bytes) return SQLITE_NOMEM;
        memset(bytes + image->room, 0, (size_t)(room - image->room));
        image->bytes = bytes;
        image->room = room;
    }
    if (size > image->size) image->size = size;
    return SQLITE_OK;
}

static void shrunk(struct image *image, sqlite3_int64 size)
{
    if (size >= image->size) return;
    memset(image->bytes + size, 0, (size_t)(image->size - size));
    image->size = size;
}

static void freed(struct image *image)
{
    free(image->bytes);
    memset(image, 0, sizeof *image);
}

static int copied(struct image *to, const struct image *from)
{
    shrunk(to, from->size);
    if (grown(to, from->size)) return SQLITE_NOMEM;
    if (from->size) memcpy(to->bytes, from->bytes, (size_t)from->size);
    return SQLITE_OK;
}

static int marked(struct file *file, sqlite3_int64 from, sqlite3_int64 to)
{
    sqlite3_int64 first = from / SECTOR, end = (to + SECTOR - 1) / SECTOR;
    if (grown(&file->dirty, end)) return SQLITE_NOMEM;
    if (end > first) memset(file->dirty.bytes + first, 1, (size_t)(end - first));
    return SQLITE_OK;
}

/* --- power ---------------------------------------------------------------------------------------------------- */

static int failure(enum concern concern)
{
    switch (disk.fault) {
    case DISK_FULL: return SQLITE_FULL;
    case READ_ONLY: return concern == NAMING ? SQLITE_CANTOPEN : SQLITE_READONLY;
    default:
        if (concern == READING) return SQLITE_IOERR_READ;
        if (concern == WRITING) return SQLITE_IOERR_WRITE;
        if (concern == SYNCING) return SQLITE_IOERR_FSYNC;
        return concern == NAMING ? SQLITE_CANTOPEN : SQLITE_IOERR_SHMMAP;
    }
}

static int concerned(enum concern concern)
{
    static const int of[] = {
        [POWER_CUT] = WRITING | SYNCING,
        [IO_ERROR] = READING | WRITING | SYNCING | NAMING | SHARING,
        [DISK_FULL] = WRITING,
        [READ_ONLY] = WRITING | NAMING,
    };
    return disk.fault != NO_FAULT && (of[disk.fault] & (int)concern) != 0;
}

/* What a call comes to at first: SQLITE_OK, or why it fails. A power cut lets its own write through. */
static int struck(enum concern concern)
{
    if (disk.off) return SQLITE_IOERR;
    if (disk.paused || !concerned(concern)) return SQLITE_OK;
    disk.calls++;
    if (disk.calls < disk.at || (disk.calls > disk.at && !disk.sticky)) return SQLITE_OK;
    disk.struck = 1;
    if (disk.fault != POWER_CUT) return failure(concern);
    disk.off = 1;
    return SQLITE_OK;
}

/* Each sector by its own draw; `mood` makes whole cuts alike, so that the extremes are met too. */
static void settled(struct file *file, int mood)
{
    sqlite3_int64 size = below(2) ? file->now.size : file->safe.size;
    sqlite3_int64 at, step;
    if (grown(&file->safe, size)) abort();
    for (at = 0; at < size; at += SECTOR) {
        if (at / SECTOR >= file->dirty.size || !file->dirty.bytes[at / SECTOR]) continue;
        step = size - at < SECTOR ? size - at : SECTOR;
        switch (mood < 3 ? mood : below(mood == 3 ? 2 : 3)) {
        case 0: break;
        case 1:
            memset(file->safe.bytes + at, 0, (size_t)step);
            if (at < file->now.size)
                memcpy(file->safe.bytes + at, file->now.bytes + at,
                       (size_t)(file->now.size - at < step ? file->now.size - at : step));
            break;
        default:
            while (step--) file->safe.bytes[at + step] = (unsigned char)drawn();
        }
    }
    shrunk(&file->safe, size);
}

static void named_safely(struct file *file)
{
    file->linked_safely = file->linked;
    file->removed = 0;
}

static int emptied(struct file *file)
{
    if (!file->removed && copied(&file->former, &file->safe)) return SQLITE_NOMEM;
    file->removed = 1;
    shrunk(&file->now, 0);
    shrunk(&file->safe, 0);
    shrunk(&file->dirty, 0);
    return SQLITE_OK;
}

static void left(struct file *file, int mood)
{
    int as_it_was = below(2);
    if (as_it_was && file->removed && copied(&file->safe, &file->former)) abort();
    if (!(as_it_was && file->removed)) settled(file, mood);
    if (as_it_was) file->linked = file->linked_safely;
    if (!file->linked) shrunk(&file->safe, 0);
    if (copied(&file->now, &file->safe)) abort();
    shrunk(&file->dirty, 0);
    named_safely(file);
}

static void forgotten(struct shared *shared)
{
    int i;
    for (i = 0; i < REGIONS; i++) free(shared->region[i]);
    memset(shared, 0, sizeof *shared);
}

/* --- what the tests call -------------------------------------------------------------------------------------- */

void crash_format(uint64_t seed)
{
    int i;
    for (i = 0; i < FILES; i++) {
        struct file *file = &disk.files[i];
        freed(&file->now);
        freed(&file->safe);
        freed(&file->dirty);
        freed(&file->former);
        forgotten(&file->shared);
    }
    memset(&disk, 0, sizeof disk);
    disk.random = seed;
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int)(seed % 1000000) + 1, (sqlite3 *)0);
}

void crash_arm(int fault, long at, int sticky)
{
    disk.fault = (enum fault)fault;
    disk.at = at;
    disk.calls = 0;
    disk.sticky = sticky;
    disk.struck = 0;
}

int crash_struck(void) { return disk.struck; }

void crash_pause(int paused) { disk.paused = paused; }

void crash_lie(int lying) { disk.lying = lying; }

long long crash_count(int which) { return disk.counts[which]; }

int crash_open_files(void)
{
    int i, found = 0;
    for (i = 0; i < FILES; i++) found += disk.files[i].opened;
    return found;
}

void crash_power_back(void)
{
    int i, mood = below(5);
    for (i = 0; i < FILES; i++) left(&disk.files[i], mood);
    disk.off = 0;
    crash_arm(NO_FAULT, 0, 0);
}

/* --- SQLite's file -------------------------------------------------------------------------------------------- */

static struct file *of(sqlite3_file *file) { return ((struct handle *)file)->file; }

static int vfs_read(sqlite3_file *base, void *into, int amount, sqlite3_int64 at)
{
    struct image *now = &of(base)->now;
    sqlite3_int64 there = now->size - at;
    int rc = struck(READING);
    if (rc) return rc;
    there = there < 0 ? 0 : there > amount ? amount : there;
    if (there) memcpy(into, now->bytes + at, (size_t)there);
    memset((char *)into + there, 0, (size_t)(amount - there));
    return there < amount ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int vfs_write(sqlite3_file *base, const void *from, int amount, sqlite3_int64 at)
{
    struct file *file = of(base);
    int rc = struck(WRITING);
    if (rc) return rc;
    disk.counts[WRITES]++;
    disk.counts[BYTES] += amount;
    if (grown(&file->now, at + amount)) return SQLITE_NOMEM;
    memcpy(file->now.bytes + at, from, (size_t)amount);
    return marked(file, at, at + amount);
}

static int vfs_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct file *file = of(base);
    int rc = struck(WRITING);
    if (rc) return rc;
    if (!size) return emptied(file);
    rc = marked(file, size, file->now.size);
    shrunk(&file->now, size);
    return rc;
}

static int vfs_sync(sqlite3_file *base, int flags)
{
    struct file *file = of(base);
    int i, rc = struck(SYNCING);
    (void)flags;
    if (rc) return rc;
    disk.counts[SYNCS]++;
    if (disk.off || disk.lying) return disk.off ? SQLITE_IOERR_FSYNC : SQLITE_OK;
    for (i = 0; i < FILES; i++) named_safely(&disk.files[i]);
    shrunk(&file->dirty, 0);
    return copied(&file->safe, &file->now);
}

static int vfs_size(sqlite3_file *base, sqlite3_int64 *size)
{
    *size = of(base)->now.size;
    return disk.off ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

static void changed(struct handle *handle, int lock)
{
    int *locks = handle->file->locks, level;
    for (level = SQLITE_LOCK_SHARED; level <= SQLITE_LOCK_EXCLUSIVE; level++)
        locks[level] += (lock >= level) - (handle->lock >= level);
    handle->lock = lock;
}

static int vfs_lock(sqlite3_file *base, int lock)
{
    struct handle *handle = (struct handle *)base;
    int *locks = handle->file->locks;
    if (handle->lock >= lock) return SQLITE_OK;
    if (handle->lock < SQLITE_LOCK_RESERVED && lock >= SQLITE_LOCK_RESERVED && locks[SQLITE_LOCK_RESERVED])
        return SQLITE_BUSY;
    if (lock == SQLITE_LOCK_SHARED && locks[SQLITE_LOCK_PENDING]) return SQLITE_BUSY;
    if (lock == SQLITE_LOCK_EXCLUSIVE && locks[SQLITE_LOCK_SHARED] > 1) return SQLITE_BUSY;
    changed(handle, lock);
    return SQLITE_OK;
}

static int vfs_unlock(sqlite3_file *base, int lock)
{
    struct handle *handle = (struct handle *)base;
    if (handle->lock > lock) changed(handle, lock);
    return SQLITE_OK;
}

static int vfs_reserved(sqlite3_file *base, int *found)
{
    *found = of(base)->locks[SQLITE_LOCK_RESERVED] > 0;
    return SQLITE_OK;
}

static int vfs_control(sqlite3_file *base, int what, void *argument)
{
    (void)base, (void)what, (void)argument;
    return SQLITE_NOTFOUND;
}

static int vfs_sector(sqlite3_file *base)
{
    (void)base;
    return SECTOR;
}

static int vfs_traits(sqlite3_file *base)
{
    return ((struct handle *)base)->spares_neighbours ? SQLITE_IOCAP_POWERSAFE_OVERWRITE : 0;
}

/* --- the memory that WAL's readers and writer share --------------------------------------------------------- */

static int vfs_map(sqlite3_file *base, int number, int size, int extend, void volatile **into)
{
    struct handle *handle = (struct handle *)base;
    struct shared *shared = &handle->file->shared;
    int rc = extend ? struck(SHARING) : disk.off ? SQLITE_IOERR : SQLITE_OK;
    if (rc) return rc;
    if (number >= REGIONS) return SQLITE_NOMEM;
    if (!handle->mapped) shared->users++;
    handle->mapped = 1;
    if (!shared->region[number] && extend) shared->region[number] = calloc(1, (size_t)size);
    *into = shared->region[number];
    return SQLITE_OK;
}

static int slot_locked(struct handle *handle, int slot, int flags)
{
    struct shared *shared = &handle->file->shared;
    unsigned bit = 1u << slot;
    if (flags & SQLITE_SHM_UNLOCK) {
        shared->readers[slot] -= (handle->reading & bit) != 0;
        shared->writer[slot] -= (handle->writing & bit) != 0;
        handle->reading &= ~bit;
        handle->writing &= ~bit;
    } else if (flags & SQLITE_SHM_SHARED) {
        shared->readers[slot] += (handle->reading & bit) == 0;
        handle->reading |= bit;
    } else {
        shared->writer[slot] += (handle->writing & bit) == 0;
        handle->writing |= bit;
    }
    return SQLITE_OK;
}

static int vfs_shm_lock(sqlite3_file *base, int first, int count, int flags)
{
    struct handle *handle = (struct handle *)base;
    struct shared *shared = &handle->file->shared;
    int slot;
    for (slot = first; (flags & SQLITE_SHM_LOCK) && slot < first + count; slot++) {
        int others = shared->writer[slot] - ((handle->writing >> slot) & 1u ? 1 : 0);
        if (flags & SQLITE_SHM_EXCLUSIVE)
            others += shared->readers[slot] - ((handle->reading >> slot) & 1u ? 1 : 0);
        if (others) return SQLITE_BUSY;
    }
    for (slot = first; slot < first + count; slot++) slot_locked(handle, slot, flags);
    return SQLITE_OK;
}

static void vfs_barrier(sqlite3_file *base) { (void)base; }

static int vfs_unmap(sqlite3_file *base, int deleted)
{
    struct handle *handle = (struct handle *)base;
    (void)deleted; /* whoever comes next finds it empty, and recovers */
    if (!handle->mapped) return SQLITE_OK;
    handle->mapped = 0;
    if (--handle->file->shared.users == 0) forgotten(&handle->file->shared);
    return SQLITE_OK;
}

static int vfs_close(sqlite3_file *base)
{
    vfs_unmap(base, 0);
    vfs_unlock(base, SQLITE_LOCK_NONE);
    of(base)->opened--;
    return SQLITE_OK;
}

static const sqlite3_io_methods METHODS = {
    .iVersion = 2,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_reserved,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector,
    .xDeviceCharacteristics = vfs_traits,
    .xShmMap = vfs_map,
    .xShmLock = vfs_shm_lock,
    .xShmBarrier = vfs_barrier,
    .xShmUnmap = vfs_unmap,
};

/* --- SQLite's folder ------------------------------------------------------------------------------------------ */

static struct file *named(const char *name)
{
    int i;
    for (i = 0; i < FILES; i++)
        if (!strcmp(disk.files[i].name, name)) return &disk.files[i];
    return NULL;
}

static struct file *made(const char *name)
{
    struct file *file = named(name);
    if (!file) file = named("");
    if (!file || strlen(name) >= NAME) return NULL;
    strcpy(file->name, name);
    file->linked = 1;
    return file;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out)
{
    struct handle *handle = (struct handle *)base;
    int rc = struck(NAMING);
    (void)vfs;
    memset(handle, 0, sizeof *handle);
    if (rc) return rc;
    if (!name) return SQLITE_CANTOPEN; /* nothing here needs a temporary file */
    handle->file = named(name);
    if (!handle->file || !handle->file->linked) handle->file = flags & SQLITE_OPEN_CREATE ? made(name) : NULL;
    if (!handle->file) return SQLITE_CANTOPEN;
    handle->spares_neighbours = flags & SQLITE_OPEN_MAIN_DB && sqlite3_uri_boolean(name, "psow", 1);
    handle->file->opened++;
    base->pMethods = &METHODS;
    if (out) *out = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    struct file *file = named(name);
    int i;
    (void)vfs;
    if (struck(NAMING)) return SQLITE_IOERR_DELETE;
    if (!file || !file->linked) return SQLITE_IOERR_DELETE_NOENT;
    file->linked = 0;
    if (emptied(file)) return SQLITE_NOMEM;
    for (i = 0; sync_folder && i < FILES; i++) named_safely(&disk.files[i]);
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *found)
{
    struct file *file = named(name);
    (void)vfs, (void)flags;
    *found = file && file->linked && file->now.size > 0;
    return disk.off ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int vfs_full_name(sqlite3_vfs *vfs, const char *name, int room, char *into)
{
    (void)vfs;
    if ((int)strlen(name) >= room) return SQLITE_CANTOPEN;
    strcpy(into, name);
    return SQLITE_OK;
}

static int vfs_random(sqlite3_vfs *vfs, int count, char *into)
{
    int i;
    (void)vfs;
    for (i = 0; i < count; i++) into[i] = (char)drawn();
    return count;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us;
}

static int vfs_time(sqlite3_vfs *vfs, double *julian_day)
{
    (void)vfs;
    *julian_day = 2461000.5;
    return SQLITE_OK;
}

static sqlite3_vfs VFS = {
    .iVersion = 1,
    .szOsFile = sizeof(struct handle),
    .mxPathname = NAME,
    .zName = "crash",
    .xOpen = vfs_open,
    .xDelete = vfs_delete,
    .xAccess = vfs_access,
    .xFullPathname = vfs_full_name,
    .xRandomness = vfs_random,
    .xSleep = vfs_sleep,
    .xCurrentTime = vfs_time,
};

int crash_register(void) { return sqlite3_vfs_register(&VFS, 0); }

const char *crash_sqlite_source(void) { return sqlite3_sourceid(); }
