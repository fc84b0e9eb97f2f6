/* Runs seeds, each in a process of its own, and says what came of them; a seed that fails is made smaller until what is left
 * of it still fails. */
#include <getopt.h>
#include <malloc.h>
#include <sqlite3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../leave.h"
#include "planted.h"
#include "sim.h"

int planted;

enum {
    JOBS_MAX = 64,
    SECONDS_MAX = 300,
    SECONDS_MINUTE = 20,
    TWICE_EVERY = 20,
    PLANTED_COUNT = 25
};

static const char usage[] =
    "usage: sim [--seed N] [--first N] [--seeds N] [--jobs N] [--seconds N]\n"
    "           [--machines N] [--minutes N] [--days N] [--without FAULT,...]\n"
    "\n"
    "  --seed N       this seed alone, with its trace\n"
    "  --seeds N      so many seeds, from --first on (drawn by the clock)\n"
    "  --seconds N    begin no seed after so many seconds\n"
    "  --minutes N    of each day: 60 is a class hour, of which less happens in a minute\n"
    "  --days N       with nights between, in which all machines are off\n"
    "  --quiet        only what failed, and the sums\n"
    "  --silent       no trace\n"
    "  --whole        what failed isn't made smaller\n"
    "  --planted N    with this planted bug\n"
    "  --find-planted is each planted bug (proto/planted.h) found within --seeds?\n"
    "  --without A,B  leave faults out; --list names them\n";

struct options {
    struct plan plan;
    uint64_t first, seeds;
    int jobs;
    int64_t seconds;
    bool single, quiet, whole, finds;
    int bug; /* the planted one; 0: all, or none */
};

/* What a child says. */
struct result {
    uint64_t seed, hash;
    bool failed;
    struct plan plan;
    struct counts counts;
    uint64_t step;
    char failure[512];
};

struct sums {
    uint64_t seeds, failed, machines;
    struct counts counts;
};

/* ---- one seed ----------------------------------------------------------------------------------------------------- */

static void run_seed(const struct plan *plan, bool twice, struct result *result)
{
    struct world *world = sim_alloc(sizeof(*world));
    struct plan drawn = *plan;
    plan_draw(&drawn);
    sim_run(world, &drawn);
    *result = (struct result){.seed = plan->seed,
                              .hash = world->hash,
                              .failed = world->failure[0],
                              .plan = drawn,
                              .counts = world->counts,
                              .step = world->step};
    memcpy(result->failure, world->failure, sizeof(result->failure));
    world_free(world);
    if (twice && !result->failed) {
        drawn.verbose = false;
        sim_run(world, &drawn);
        if (world->hash != result->hash) {
            result->failed = true;
            snprintf(result->failure, sizeof(result->failure), "it doesn't replay");
        }
        world_free(world);
    }
    free(world);
}

/* In a child: what crashes or hangs fails. */
static void child(const struct plan *plan, bool twice, int fd)
{
    struct result result;
    /* of its own time: on a busy machine it takes longer, and hangs no more than elsewhere */
    int64_t minutes = plan->minutes * (int64_t)(plan->days > 1 ? plan->days : 1);
    setitimer(ITIMER_PROF,
              &(struct itimerval){.it_value.tv_sec = SECONDS_MAX + SECONDS_MINUTE * minutes}, NULL);
    run_seed(plan, twice, &result);
    fflush(stdout);
    ssize_t written = write(fd, &result, sizeof(result));
    leave(written == (ssize_t)sizeof(result) ? 0 : 1);
}

struct job {
    pid_t pid;
    int fd;
    uint64_t seed;
};

static bool job_start(struct job *job, const struct plan *plan, bool twice)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return false;
    }
    fflush(NULL);
    *job = (struct job){.fd = ends[0], .seed = plan->seed, .pid = fork()};
    if (job->pid == 0) {
        close(ends[0]);
        child(plan, twice, ends[1]);
    }
    close(ends[1]);
    return job->pid > 0;
}

static void job_end(struct job *job, int status, struct result *result)
{
    ssize_t got = read(job->fd, result, sizeof(*result));
    close(job->fd);
    if (got != (ssize_t)sizeof(*result)) {
        *result = (struct result){.seed = job->seed, .failed = true};
        snprintf(result->failure, sizeof(result->failure), "%s (signal %d)",
                 WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF ? "it hangs" : "it crashes",
                 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
    job->pid = 0;
}

/* Runs one, and waits for it. */
static void run_alone(const struct plan *plan, struct result *result)
{
    struct job job;
    int status = 0;
    if (!job_start(&job, plan, false)) {
        abort();
    }
    waitpid(job.pid, &status, 0);
    job_end(&job, status, result);
}

/* ---- making it smaller -------------------------------------------------------------------------------------------- */

static void say_plan(const struct plan *plan)
{
    printf("  --seed %llu", (unsigned long long)plan->seed);
    for (int i = 0, n = 0; i < FAULTS; i++) {
        if (plan->without >> i & 1) {
            printf("%s%s", n++ ? "," : " --without ", fault_names[i]);
        }
    }
    if (plan->machines) {
        printf(" --machines %d", plan->machines);
    }
    if (plan->minutes) {
        printf(" --minutes %d", plan->minutes);
    }
    if (plan->days) {
        printf(" --days %d", plan->days);
    }
    printf("\n");
}

/* Takes `smaller` for *plan if it fails too. */
static bool still_fails(struct plan *plan, const struct plan *smaller)
{
    struct result result;
    run_alone(smaller, &result);
    if (result.failed) {
        *plan = *smaller;
    }
    return result.failed;
}

static void shrink(struct plan plan, const struct result *result)
{
    plan.verbose = false;
    plan.seed = result->seed;
    for (int i = 0; i < FAULTS; i++) {
        struct plan smaller = plan;
        smaller.without |= 1u << i;
        if (result->plan.amount[i]) {
            still_fails(&plan, &smaller);
        }
        plan.without |= result->plan.amount[i] ? 0 : 1u << i;
    }
    int machines = result->plan.machines, minutes = result->plan.minutes;
    for (int n = machines - 1; n >= 2; n--) {
        struct plan smaller = plan;
        smaller.machines = n;
        if (!still_fails(&plan, &smaller)) {
            break;
        }
    }
    for (int n = minutes / 2; n >= 1; n /= 2) {
        struct plan smaller = plan;
        smaller.minutes = n;
        if (!still_fails(&plan, &smaller)) {
            break;
        }
    }
    for (int n = result->plan.days / 2; n >= 1; n /= 2) {
        struct plan smaller = plan;
        smaller.days = n;
        if (!still_fails(&plan, &smaller)) {
            break;
        }
    }
    printf("  smaller:");
    say_plan(&plan);
}

/* ---- many --------------------------------------------------------------------------------------------------------- */

static void add_up(struct sums *sums, const struct result *r)
{
    sums->seeds++;
    sums->failed += r->failed;
    sums->machines += (uint64_t)r->plan.machines;
    uint64_t *to = &sums->counts.steps;
    const uint64_t *from = &r->counts.steps;
    for (size_t i = 0; i < offsetof(struct counts, simulated_ms) / sizeof(uint64_t); i++) {
        to[i] += from[i];
    }
    sums->counts.simulated_ms += r->counts.simulated_ms;
}

static void say_sums(const struct sums *s)
{
    const struct counts *c = &s->counts;
    printf("%llu seeds, %llu failed; %.1f simulated hours; %llu machines; %llu steps, %llu "
           "messages, %llu"
           " datagrams; %llu questions, %llu answered, %llu refused, %llu asked again; %llu "
           "acknowledged;"
           " %llu disks probed\nfaults:",
           (unsigned long long)s->seeds, (unsigned long long)s->failed,
           (double)c->simulated_ms / (60 * MINUTE), (unsigned long long)s->machines,
           (unsigned long long)c->steps, (unsigned long long)c->messages,
           (unsigned long long)c->datagrams, (unsigned long long)c->asked,
           (unsigned long long)c->answered, (unsigned long long)c->refused,
           (unsigned long long)c->retries, (unsigned long long)c->acked,
           (unsigned long long)c->probes);
    for (int i = 0; i < FAULTS; i++) {
        printf(" %s %llu", fault_names[i], (unsigned long long)c->faults[i]);
    }
    printf("\n");
}

static int64_t seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void take_result(const struct options *o, struct sums *sums, const struct result *result)
{
    add_up(sums, result);
    if (result->failed) {
        printf("seed %llu FAILED at step %llu: %s\n", (unsigned long long)result->seed,
               (unsigned long long)result->step, result->failure);
        if (result->plan.machines && !o->whole) {
            shrink(o->plan, result);
        }
        fflush(stdout);
    } else if (!o->quiet && sums->seeds % 50 == 0) {
        say_sums(sums);
        fflush(stdout);
    }
}

static uint64_t run_many(const struct options *o)
{
    struct job jobs[JOBS_MAX] = {{0}};
    struct sums sums = {0};
    uint64_t begun = 0;
    int running = 0;
    int64_t end = o->seconds ? seconds_now() + o->seconds : INT64_MAX;
    for (;;) {
        for (int i = 0; i < o->jobs && begun < o->seeds && seconds_now() < end; i++) {
            struct plan plan = o->plan;
            plan.seed = o->first + begun;
            if (!jobs[i].pid) {
                if (!job_start(&jobs[i], &plan, begun % TWICE_EVERY == 0)) {
                    abort();
                }
                begun++;
                running++;
            }
        }
        if (!running) {
            break;
        }
        int status;
        pid_t pid = wait(&status);
        for (int i = 0; i < o->jobs; i++) {
            struct result result;
            if (jobs[i].pid == pid) {
                job_end(&jobs[i], status, &result);
                running--;
                take_result(o, &sums, &result);
            }
        }
    }
    say_sums(&sums);
    return sums.failed;
}

/* ---- planted bugs ------------------------------------------------------------------------------------------------- */

/* Does this seed fail with the bug, and not without it? */
static bool finds(const struct plan *plan, int bug, struct result *result)
{
    struct result without;
    planted = bug;
    run_alone(plan, result);
    if (!result->failed) {
        return false;
    }
    planted = 0;
    run_alone(plan, &without);
    return !without.failed;
}

/* Is each found by some seed? In TAP. */
static int find_planted(struct options *o)
{
    int missed = 0, first = o->bug ? o->bug : 1, last = o->bug ? o->bug : PLANTED_COUNT;
    printf("%d..%d\n", first, last);
    for (int bug = first; bug <= last; bug++) {
        uint64_t i = 0;
        struct result result = {.failed = false};
        for (bool found = false; i < o->seeds && !found; i++) {
            struct plan plan = o->plan;
            plan.seed = o->first + i;
            found = finds(&plan, bug, &result);
            result.failed = found;
        }
        missed += !result.failed;
        printf("%sok %d - planted bug %d %s %llu seeds: %s\n", result.failed ? "" : "not ", bug,
               bug, result.failed ? "is found within" : "isn't found by", (unsigned long long)i,
               result.failed ? result.failure : "");
        fflush(stdout);
    }
    return missed ? 1 : 0;
}

/* ---- the command line --------------------------------------------------------------------------------------------- */

static bool read_without(const char *text, uint32_t *out)
{
    while (*text) {
        size_t len = strcspn(text, ",");
        bool found = false;
        for (int i = 0; i < FAULTS; i++) {
            if (strlen(fault_names[i]) == len && strncmp(fault_names[i], text, len) == 0) {
                *out |= 1u << i;
                found = true;
            }
        }
        if (!found) {
            return false;
        }
        text += len + (text[len] == ',');
    }
    return true;
}

static bool read_options(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        {"seed", required_argument, NULL, 's'},
        {"seeds", required_argument, NULL, 'n'},
        {"first", required_argument, NULL, 'f'},
        {"jobs", required_argument, NULL, 'j'},
        {"machines", required_argument, NULL, 'm'},
        {"minutes", required_argument, NULL, 't'},
        {"days", required_argument, NULL, 'd'},
        {"without", required_argument, NULL, 'w'},
        {"quiet", no_argument, NULL, 'q'},
        {"seconds", required_argument, NULL, 'S'},
        {"silent", no_argument, NULL, 'Q'},
        {"whole", no_argument, NULL, 'W'},
        {"find-planted", no_argument, NULL, 'P'},
        {"planted", required_argument, NULL, 'B'},
        {NULL, 0, NULL, 0},
    };
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        uint64_t number = optarg ? strtoull(optarg, NULL, 10) : 0;
        o->single = o->single || c == 's';
        o->quiet = o->quiet || c == 'q';
        o->whole = o->whole || c == 'W';
        o->finds = o->finds || c == 'P';
        o->first = c == 's' || c == 'f' ? number : o->first;
        o->seeds = c == 'n' ? number : o->seeds;
        o->jobs = c == 'j' ? (int)number : o->jobs;
        o->seconds = c == 'S' ? (int64_t)number : o->seconds;
        o->bug = c == 'B' ? (int)number : o->bug;
        o->plan.machines = c == 'm' ? (int)number : o->plan.machines;
        o->plan.minutes = c == 't' ? (int)number : o->plan.minutes;
        o->plan.days = c == 'd' ? (int)number : o->plan.days;
        if (c == '?' || (c == 'w' && !read_without(optarg, &o->plan.without))) {
            return false;
        }
        o->plan.verbose = o->plan.verbose || c == 's';
        o->plan.verbose = o->plan.verbose && c != 'Q';
    }
    return optind == argc && o->jobs > 0 && o->jobs <= JOBS_MAX && o->plan.machines <= MACHINES_MAX;
}

/* There is one thread, and what is freed is needed again at once. */
static void be_quick(void)
{
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

int main(int argc, char **argv)
{
    struct options o = {.first = (uint64_t)time(NULL) * 1000,
                        .seeds = 200,
                        .jobs = (int)sysconf(_SC_NPROCESSORS_ONLN)};
    struct result result;
    be_quick();
    if (!read_options(argc, argv, &o) || keys_init() != OK) {
        fputs(usage, stderr);
        return 2;
    }
    if (o.finds) {
        return find_planted(&o);
    }
    planted = o.bug;
    if (!o.single) {
        printf("seeds from %llu on\n", (unsigned long long)o.first);
        return run_many(&o) ? 1 : 0;
    }
    o.plan.seed = o.first;
    run_seed(&o.plan, true, &result);
    printf("seed %llu: %s; %llu steps, trace %016llx\n", (unsigned long long)result.seed,
           result.failed ? result.failure : "all holds", (unsigned long long)result.step,
           (unsigned long long)result.hash);
    return result.failed ? 1 : 0;
}
