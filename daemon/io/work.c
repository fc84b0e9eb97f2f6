/* Slow work off the loop: Argon2id in a worker thread. */
#include "work.h"

#include <stdlib.h>

enum { WORDS_MAX = 256, JOBS_MAX = CLIENTS_MAX };

struct job {
    uv_work_t request;
    struct work *work;
    bool busy, failed;
    uint64_t number;
    uint8_t words[WORDS_MAX];
    size_t words_len;
    uint8_t salt[16];
    struct cost cost;
    uint8_t result[32];
    enum err err;
};

struct work {
    struct loop *loop;
    struct job jobs[JOBS_MAX];
    uint32_t busy;
};

struct work *work_new(struct loop *loop)
{
    struct work *work = calloc(1, sizeof *work);
    if (work) {
        work->loop = loop;
    }
    return work;
}

static void job_run_cb(uv_work_t *request)
{
    struct job *job = request->data;
    job->err = stretch(slice_of(job->words, job->words_len), job->salt, job->cost, job->result,
                       sizeof job->result);
}

static void job_end(struct job *job, enum err err)
{
    struct event event = {.kind = EVENT_STRETCHED, .work = job->number};
    if (err == OK) {
        event.bytes = slice_of(job->result, sizeof job->result);
    }
    loop_feed(job->work->loop, &event);
    job->work->busy--;
    wipe(job->words, sizeof job->words);
    wipe(job->result, sizeof job->result);
    job->busy = job->failed = false;
}

static void job_done_cb(uv_work_t *request, int status)
{
    struct job *job = request->data;
    job_end(job, status ? ERR_INTERNAL : job->err);
}

void work_stretch(struct work *work, uint64_t number, struct slice words, const uint8_t salt[16],
                  struct cost cost)
{
    struct job *job = work->jobs;
    while (job < work->jobs + JOBS_MAX && job->busy) {
        job++;
    }
    if (job == work->jobs + JOBS_MAX) {
        log_line(loop_log(work->loop), "too much slow work at once; some is dropped");
        return;
    }
    work->busy++;
    job->busy = true;
    job->work = work;
    job->number = number;
    job->cost = cost;
    memcpy(job->salt, salt, sizeof job->salt);
    job->request.data = job;
    job->failed = words.len > sizeof job->words;
    if (job->failed) {
        return;
    }
    job->words_len = words.len;
    memcpy(job->words, words.at, words.len);
    job->failed = uv_queue_work(loop_uv(work->loop), &job->request, job_run_cb, job_done_cb) != 0;
}

bool work_turn(struct work *work)
{
    bool fed = false;
    for (uint32_t i = 0; work->busy && i < JOBS_MAX; i++) {
        if (work->jobs[i].failed) {
            job_end(&work->jobs[i], ERR_INTERNAL);
            fed = true;
        }
    }
    return fed;
}

bool work_runs(const struct work *work)
{
    return work->busy > 0;
}

void work_free(struct work **work)
{
    free(*work);
    *work = NULL;
}
