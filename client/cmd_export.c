/* Keeping what a class wrote: into a file of its own, which is there whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "phrase.h"
#include "record.h"
#include "run.h"
#include "say.h"

void say_class_export(struct page *page, const msgpack_object *result)
{
    const msgpack_object *kept = map_get(result, "export");
    unsigned jams = number_of(kept, "jams");
    unsigned lines = number_of(kept, "lines");
    unsigned letters = number_of(kept, "feedback");
    unsigned lost = number_of(kept, "old_key");
    page_put(page, _("Kept in %s: "), page_get(page, kept, "file"));
    page_put(page, ngettext("%u jam, ", "%u jams, ", jams), jams);
    page_put(page, ngettext("%u line, ", "%u lines, ", lines), lines);
    page_put(page, ngettext("%u piece of feedback", "%u pieces of feedback", letters), letters);
    page_say(page, _("%s. Only you can read the file, and it needs no Jam."), phrase_as(page));
    if (lost > 0) {
        page_say(page,
                 ngettext("%u note was sealed with your old key and can't be opened.",
                          "%u notes were sealed with your old key and can't be opened.", lost),
                 lost);
    }
}

enum { NAMES_MAX = 99 }; /* files of one class, person and day in a folder */

/* A file while it is written: under a name of its own until it is whole. */
struct kept {
    char *path; /* where it will be */
    char *temp;
    struct record record;
    bool replace;
};

static int refuse_file(struct run *run, enum err err, const char *path, const char *why)
{
    struct answer answer = {.what = slice_str(path), .detail = slice_str(why)};
    return run_refuse(run, err, &answer);
}

/* ---- where ------------------------------------------------------------------------------------------------------- */

/* "Period 3, ana, 2026-11-25.md" in a folder; the second one of a day ends in " (2).md". NULL: no memory. */
static char *name_in(const char *folder, const msgpack_object *class, unsigned n)
{
    char name[96], who[96], day[16] = "", number[16] = "";
    struct slice text = {0};
    char *path = NULL;
    struct tm local;
    time_t now = time(NULL);
    size_t len = strlen(folder);
    map_text(class, "name", &text);
    record_name(text, name);
    text.len = 0;
    map_text(class, "for", &text);
    record_name(text, who);
    if (localtime_r(&now, &local)) {
        strftime(day, sizeof(day), "%Y-%m-%d", &local);
    }
    const char *slash = len > 0 && folder[len - 1] == '/' ? "" : "/";
    bool here = strcmp(folder, ".") == 0;
    if (n > 1) {
        snprintf(number, sizeof(number), " (%u)", n);
    }
    int printed = asprintf(&path, "%s%s%s, %s, %s%s.md", here ? "" : folder, here ? "" : slash,
                           name, who, day, number);
    return printed < 0 ? NULL : path;
}

static bool is_there(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0;
}

/* The first of those names that is free; with `replace` the first. NULL: no memory. */
static char *free_name_in(const char *folder, const msgpack_object *class, bool replace)
{
    char *path = name_in(folder, class, 1);
    for (unsigned n = 2; path && n <= NAMES_MAX && !replace && is_there(path); n++) {
        free(path);
        path = name_in(folder, class, n);
    }
    return path;
}

static bool is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static bool ends_with(const char *path, const char *end)
{
    size_t len = strlen(path), end_len = strlen(end);
    return len > end_len && strcmp(path + len - end_len, end) == 0;
}

/* A file for its owner alone, beside where it will be; kept->temp is its name. False: errno says why. */
static bool make_temp(struct kept *kept)
{
    char *name = NULL;
    if (asprintf(&name, "%s.XXXXXX", kept->path) < 0) {
        return false;
    }
    int fd = mkostemp(name, O_CLOEXEC);
    kept->record.out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!kept->record.out) {
        int why = errno;
        if (fd >= 0) {
            close(fd);
            unlink(name);
        }
        free(name);
        errno = why;
        return false;
    }
    kept->temp = name;
    return true;
}

/* Begins the file at `to`, or in it if that is a folder. EXIT_DONE, or why not was said. */
static int kept_open(struct kept *kept, struct run *run, const char *to,
                     const msgpack_object *class)
{
    kept->path = is_folder(to) ? free_name_in(to, class, kept->replace) : strdup(to);
    if (!kept->path) {
        return run_refuse(run, ERR_NOMEM, NULL);
    }
    if (!kept->replace && is_there(kept->path)) {
        return refuse_file(run, ERR_FILE_EXISTS, kept->path, "");
    }
    kept->record.json = ends_with(kept->path, ".jsonl");
    return make_temp(kept) ? EXIT_DONE : refuse_file(run, ERR_FILE, kept->path, strerror(errno));
}

/* Gives the file its name, never another file's unless that was asked for. */
static bool kept_name(const struct kept *kept)
{
    if (kept->replace) {
        return rename(kept->temp, kept->path) == 0;
    }
    if (renameat2(AT_FDCWD, kept->temp, AT_FDCWD, kept->path, RENAME_NOREPLACE) == 0) {
        return true;
    }
    /* a stick's file system may not know how */
    return (errno == EINVAL || errno == ENOSYS) && !is_there(kept->path) &&
           rename(kept->temp, kept->path) == 0;
}

/* It is whole: on the disk, under its name. EXIT_DONE, or why not was said. */
static int kept_finish(struct kept *kept, struct run *run)
{
    FILE *out = kept->record.out;
    bool written = fflush(out) == 0 && !ferror(out) && fsync(fileno(out)) == 0;
    int why = errno;
    kept->record.out = NULL;
    if (fclose(out) != 0 && written) {
        written = false;
        why = errno;
    }
    if (written && kept_name(kept)) {
        free(kept->temp);
        kept->temp = NULL;
        return EXIT_DONE;
    }
    why = written ? errno : why;
    return refuse_file(run, why == EEXIST ? ERR_FILE_EXISTS : ERR_FILE, kept->path, strerror(why));
}

/* What isn't whole is taken away again. */
static void kept_clear(struct kept *kept)
{
    if (kept->record.out) {
        fclose(kept->record.out);
    }
    if (kept->temp) {
        unlink(kept->temp);
    }
    free(kept->temp);
    free(kept->path);
}

/* ---- what -------------------------------------------------------------------------------------------------------- */

/* One answer's records; *from becomes where the next begins, "" at the end. */
static int take_some(struct kept *kept, struct run *run, const char *to, const msgpack_object *some,
                     char from[256])
{
    struct items records = items_of(some, "records");
    struct slice next = {0};
    int status = EXIT_DONE;
    map_text(some, "next", &next);
    if (!kept->path && records.count > 0) {
        status = kept_open(kept, run, to, &records.at[0]);
    }
    for (uint32_t i = 0; status == EXIT_DONE && kept->record.out && i < records.count; i++) {
        record_put(&kept->record, &records.at[i]);
    }
    snprintf(from, 256, "%.*s", next.len < 256 ? (int)next.len : 0,
             next.at ? (const char *)next.at : "");
    return status;
}

static int take_all(struct kept *kept, struct run *run, const char *to)
{
    char from[256] = "";
    int status = EXIT_DONE;
    do {
        struct answer some;
        struct question question = {.method = "class.export"};
        question_text(&question, "class", run->args->class);
        question_text(&question, "from", *from ? from : NULL);
        enum err err = call_ask(&run->call, &question, &some);
        status =
            err == OK ? take_some(kept, run, to, some.result, from) : run_refuse(run, err, &some);
        answer_clear(&some);
    } while (status == EXIT_DONE && *from && kept->record.out && !ferror(kept->record.out));
    return status;
}

static void show_kept(struct run *run, const struct kept *kept)
{
    struct pack sum;
    struct doc doc;
    const struct record *r = &kept->record;
    const struct {
        const char *key;
        uint64_t n;
    } numbers[] = {
        {"jams", r->jams}, {"lines", r->lines}, {"feedback", r->letters}, {"old_key", r->lost}};
    pack_init(&sum);
    pack_map(&sum, 1);
    pack_str(&sum, "export");
    pack_map(&sum, 5);
    pack_str(&sum, "file");
    pack_str(&sum, kept->path);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        pack_str(&sum, numbers[i].key);
        pack_uint(&sum, numbers[i].n);
    }
    if (!sum.failed && doc_open(&doc, pack_bytes(&sum), PACK_LOCAL) == OK) {
        run->style.as = r->who;
        run->show->answer(&run->style, &doc.root, say_class_export);
        run->style.as = NULL;
        doc_clear(&doc);
    }
    pack_clear(&sum);
}

int run_keep(struct run *run, const char *to, bool replace)
{
    struct kept kept = {.replace = replace};
    int status = take_all(&kept, run, to);
    if (status == EXIT_DONE) {
        bool any = kept.path && kept.temp && kept.record.out;
        status = any ? kept_finish(&kept, run) : run_refuse(run, ERR_MALFORMED, NULL);
    }
    if (status == EXIT_DONE) {
        show_kept(run, &kept);
    }
    kept_clear(&kept);
    return status;
}

int run_class_export(struct run *run)
{
    const char *to = run->args->words_count > 0 ? args_join(run->args, 0) : ".";
    return run_keep(run, to, args_value(run->args, "replace"));
}
