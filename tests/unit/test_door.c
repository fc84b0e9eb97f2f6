/* The door: a storm of one kind of keys keeps none of another kind out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "door.h"

static struct door *open_door(void)
{
    struct door *door = malloc(sizeof(*door));
    assert_non_null(door);
    door_init(door, (struct mono){1000});
    return door;
}

static struct link_pk key_of(uint32_t number)
{
    struct link_pk key = {{1}};
    memcpy(key.b + 1, &number, sizeof(number));
    return key;
}

/* An address of IPv4, or ::1 for 0. */
struct ip {
    uint8_t b[16];
};
static struct ip ip_of(uint8_t last)
{
    struct ip ip = {{[10] = 0xff, [11] = 0xff, 10, 77, 0, last}};
    return last ? ip : (struct ip){{[15] = 1}};
}

/* How many of so many keys that nobody knows come in at a moment, from one address. */
static uint32_t strangers(struct door *door, uint32_t first, uint32_t count, uint8_t last,
                          int64_t at)
{
    uint32_t in = 0;
    struct ip ip = ip_of(last);
    for (uint32_t i = first; i < first + count; i++) {
        struct link_pk key = key_of(i);
        in += door_admit(door, 0, &key, ip.b, (struct mono){at});
    }
    return in;
}

static void test_strangers_of_one_address(void **state)
{
    (void)state;
    struct door *door = open_door();
    assert_int_equal(strangers(door, 0, 1000, 4, 1000), 25);
    assert_int_equal(strangers(door, 1000, 30, 5, 1000), 25);
    assert_int_equal(strangers(door, 2000, 1, 6, 1000), 1);
    /* and for as long as the storm lasts, five a second; others come in at once */
    for (int64_t at = 1000; at <= 61000; at += 100) {
        (void)strangers(door, (uint32_t)at, 100, 4, at);
    }
    assert_int_equal(strangers(door, 100000, 10, 4, 61000), 0);
    assert_int_equal(strangers(door, 200000, 25, 7, 61000), 25);
    assert_int_equal(strangers(door, 300000, 1000, 4, 62000), 5);
    free(door);
}

static void test_strangers_of_many_addresses(void **state)
{
    (void)state;
    struct door *door = open_door();
    uint32_t in = 0;
    for (uint8_t last = 1; last < 200; last++) {
        in += strangers(door, last * 10u, 10, last, 1000);
    }
    assert_int_equal(in, 100);
    free(door);
}

/* Whole rooms are tried out on one computer. */
static void test_this_machine(void **state)
{
    (void)state;
    struct door *door = open_door();
    assert_int_equal(strangers(door, 0, 200, 0, 1000), 100);
    free(door);
}

static void test_known_key(void **state)
{
    (void)state;
    struct door *door = open_door();
    struct link_pk known = key_of(7777);
    struct ip ip = ip_of(4);
    door_know(door, &known, (struct mono){1000});
    assert_int_equal(strangers(door, 0, 1000, 4, 1000), 25);
    for (uint32_t i = 0; i < 10; i++) {
        assert_true(door_admit(door, 0, &known, ip.b, (struct mono){1000}));
    }
    assert_false(door_admit(door, 0, &known, ip.b, (struct mono){1000}));
    assert_true(door_admit(door, 0, &known, ip.b, (struct mono){2000}));
    free(door);
}

static void test_kicked_key(void **state)
{
    (void)state;
    struct door *door = open_door();
    struct link_pk key = key_of(1);
    struct ip ip = ip_of(4);
    door_kick(door, &key, 2000, (struct mono){1000});
    assert_false(door_admit(door, 0, &key, ip.b, (struct mono){2999}));
    assert_true(door_admit(door, 0, &key, ip.b, (struct mono){3000}));
    door_kick(door, &key, 2000, (struct mono){4000}); /* back too soon: twice as long */
    assert_false(door_admit(door, 0, &key, ip.b, (struct mono){7999}));
    assert_true(door_admit(door, 0, &key, ip.b, (struct mono){8000}));
    free(door);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strangers_of_one_address),
        cmocka_unit_test(test_strangers_of_many_addresses),
        cmocka_unit_test(test_this_machine),
        cmocka_unit_test(test_known_key),
        cmocka_unit_test(test_kicked_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
