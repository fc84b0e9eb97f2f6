/* Logins, as a /proc shows them that the test writes: with audit sessions, which no container may set, and without. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "login.h"

enum { NO_AUDIT = -1, UID = 1000, BASH = 100, JAM = 120, EDITOR = 130, OTHER = 200 };

static char proc[64];

static void put(int32_t process, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%d", proc, (int)process);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/%d/%s", proc, (int)process, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* A process that runs, as the kernel writes it down. */
static void runs(int32_t process, int32_t leader, int64_t start, int64_t audit)
{
    char text[256];
    snprintf(text, sizeof(text),
             "%d (a) R 1 (b) S 1 %d %d 34816 1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 %lld 9 9\n",
             (int)process, (int)process, (int)leader, (long long)start);
    put(process, "stat", text);
    snprintf(text, sizeof(text), "%u", audit == NO_AUDIT ? UINT32_MAX : (unsigned)audit);
    put(process, "sessionid", text);
}

static void ends(int32_t process)
{
    char path[128];
    static const char *const names[] = {"/stat", "/sessionid", ""};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%d%s", proc, (int)process, names[i]);
        assert_true(remove(path) == 0 || strcmp(names[i], "/sessionid") == 0);
    }
}

static int setup(void **state)
{
    (void)state;
    snprintf(proc, sizeof(proc), "/tmp/jam-proc-XXXXXX");
    return mkdtemp(proc) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    static const int32_t all[] = {BASH, JAM, EDITOR, OTHER};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%d", proc, (int)all[i]);
        if (access(path, F_OK) == 0) {
            ends(all[i]);
        }
    }
    return rmdir(proc);
}

static bool same(int32_t a, int32_t b)
{
    struct login_sign sign;
    struct login first = login_of(proc, UID, a, &sign), second = login_of(proc, UID, b, &sign);
    return SAME(first, second);
}

static bool has_ended(struct login_sign *sign)
{
    return login_has_ended(proc, sign);
}

static void an_audit_session_is_one_login_whatever_terminals_it_opens(void **state)
{
    (void)state;
    struct login_sign sign;
    runs(BASH, BASH, 50, 7);
    runs(JAM, BASH, 60, 7);
    runs(EDITOR, EDITOR, 70, 7); /* in another window */
    runs(OTHER, OTHER, 80, 8);
    assert_true(same(BASH, JAM));
    assert_true(same(JAM, EDITOR));
    assert_false(same(JAM, OTHER)); /* who logged in beside, to the same account */
    struct login mine = login_of(proc, UID, JAM, &sign);
    struct login other = login_of(proc, UID + 1, JAM, &sign);
    assert_false(SAME(mine, other));
}

static void an_audit_session_ends_with_its_last_process(void **state)
{
    (void)state;
    struct login_sign sign;
    runs(BASH, BASH, 50, 7);
    runs(JAM, BASH, 60, 7);
    runs(EDITOR, EDITOR, 70, 7);
    runs(OTHER, OTHER, 80, 8);
    login_of(proc, UID, JAM, &sign);
    assert_int_equal(sign.process, BASH);
    ends(JAM);
    assert_false(has_ended(&sign));
    ends(BASH); /* the window is closed; there is another */
    assert_false(has_ended(&sign));
    assert_int_equal(sign.process, EDITOR);
    ends(EDITOR);
    assert_true(has_ended(&sign));
    runs(EDITOR, EDITOR, 90, 8); /* its number is another's now */
    assert_true(has_ended(&sign));
    runs(EDITOR, EDITOR, 90, NO_AUDIT);
    assert_true(has_ended(&sign));
}

static void an_audit_session_without_a_leader_lasts_as_long_as_any_of_it(void **state)
{
    (void)state;
    struct login_sign sign;
    runs(JAM, BASH, 60, 7); /* whose shell is gone */
    runs(EDITOR, BASH, 70, 7);
    login_of(proc, UID, JAM, &sign);
    ends(JAM);
    assert_false(has_ended(&sign));
    ends(EDITOR);
    assert_true(has_ended(&sign));
}

static void without_audit_sessions_the_leader_decides(void **state)
{
    (void)state;
    struct login_sign sign;
    runs(BASH, BASH, 50, NO_AUDIT);
    runs(JAM, BASH, 60, NO_AUDIT);
    runs(EDITOR, BASH, 70, NO_AUDIT);
    runs(OTHER, OTHER, 80, NO_AUDIT);
    assert_true(same(JAM, EDITOR));
    assert_false(same(JAM, OTHER));
    login_of(proc, UID, JAM, &sign);
    ends(JAM);
    assert_false(has_ended(&sign));
    ends(BASH); /* what it left running in the background is nobody's login */
    assert_true(has_ended(&sign));
    runs(BASH, BASH, 90, NO_AUDIT); /* the same number, by another login */
    assert_true(has_ended(&sign));
    runs(JAM, BASH, 95, NO_AUDIT);
    struct login_sign again;
    struct login later = login_of(proc, UID, JAM, &again);
    assert_false(SAME(later, sign.login));
}

static void a_kernel_without_audit_has_no_sessions(void **state)
{
    (void)state;
    char path[128];
    struct login_sign sign;
    runs(BASH, BASH, 50, 7);
    runs(JAM, BASH, 60, 7);
    snprintf(path, sizeof(path), "%s/%d/sessionid", proc, JAM);
    assert_int_equal(unlink(path), 0);
    login_of(proc, UID, JAM, &sign);
    assert_int_equal(sign.audit, UINT32_MAX);
    assert_int_equal(sign.process, BASH);
    assert_false(has_ended(&sign));
}

static void whose_leader_is_unseen_never_ends(void **state)
{
    (void)state;
    struct login_sign sign;
    runs(JAM, BASH, 60, NO_AUDIT);
    login_of(proc, UID, JAM, &sign);
    assert_int_equal(sign.process, 0);
    ends(JAM);
    assert_false(has_ended(&sign));
    login_of(proc, UID, JAM, &sign); /* it ended before it was looked at */
    assert_false(has_ended(&sign));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_audit_session_is_one_login_whatever_terminals_it_opens,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(an_audit_session_ends_with_its_last_process, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            an_audit_session_without_a_leader_lasts_as_long_as_any_of_it, setup, teardown),
        cmocka_unit_test_setup_teardown(without_audit_sessions_the_leader_decides, setup, teardown),
        cmocka_unit_test_setup_teardown(a_kernel_without_audit_has_no_sessions, setup, teardown),
        cmocka_unit_test_setup_teardown(whose_leader_is_unseen_never_ends, setup, teardown),
    };
    keys_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
