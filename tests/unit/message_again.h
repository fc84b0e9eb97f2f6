/* Writes a message that was read, from what was read of it: whatever passes must give the same bytes. For the unit test
 * and the fuzzer. */
#ifndef JAM_MESSAGE_AGAIN_H
#define JAM_MESSAGE_AGAIN_H

#include "message.h"

static inline enum err ranges_again(const struct message *m, struct pack *out)
{
    enum err err = OK;
    pack_ranges(out, m->count);
    for (uint32_t i = 0; err == OK && i < m->count; i++) {
        struct range range;
        err = message_range(m, i, &range);
        if (err == OK) {
            pack_range(out, &range);
        }
    }
    return err;
}

static inline enum err heads_of_again(const struct message *m, uint32_t i, struct pack *out)
{
    struct prefix prefix;
    const msgpack_object *heads;
    uint32_t count;
    enum err err = message_heads(m, i, &prefix, &heads, &count);
    if (err != OK) {
        return err;
    }
    pack_heads_of(out, &prefix, count);
    for (uint32_t j = 0; err == OK && j < count; j++) {
        struct head head;
        err = message_head(heads, j, &head);
        if (err == OK) {
            pack_head(out, &head);
        }
    }
    return err;
}

static inline enum err heads_again(const struct message *m, struct pack *out)
{
    enum err err = OK;
    pack_heads(out, m->flags, m->count);
    for (uint32_t i = 0; err == OK && i < m->count; i++) {
        err = heads_of_again(m, i, out);
    }
    return err;
}

static inline enum err wants_again(const struct message *m, struct pack *out)
{
    enum err err = OK;
    pack_wants(out, m->credit_bytes, m->count);
    for (uint32_t i = 0; err == OK && i < m->count; i++) {
        struct want want;
        err = message_want(m, i, &want);
        if (err == OK) {
            pack_want(out, &want);
        }
    }
    return err;
}

static inline enum err lacks_again(const struct message *m, struct pack *out)
{
    enum err err = OK;
    pack_lacks(out, m->count);
    for (uint32_t i = 0; err == OK && i < m->count; i++) {
        struct want want;
        err = message_want(m, i, &want);
        if (err == OK) {
            pack_want(out, &want);
        }
    }
    return err;
}

static inline enum err payloads_again(const struct message *m, struct pack *out)
{
    enum err err = OK;
    pack_payloads(out, m->count);
    for (uint32_t i = 0; err == OK && i < m->count; i++) {
        struct told_payload told;
        err = message_payload(m, i, &told);
        if (err == OK) {
            pack_payload(out, &told);
        }
    }
    return err;
}

static inline enum err hints_again(const struct message *m, struct pack *out)
{
    enum err err = OK;
    pack_peers(out, m->count);
    for (uint32_t i = 0; err == OK && i < m->count; i++) {
        struct peer_hint hint;
        err = message_hint(m, i, &hint);
        if (err == OK) {
            pack_hint(out, &hint);
        }
    }
    return err;
}

static inline enum err run_again(const msgpack_object *object, struct pack *out)
{
    struct run run;
    enum err err = run_read(object, &run);
    if (err != OK) {
        return err;
    }
    run_pack_head(out, &run.feed, run.first_seq, &run.signature, run.count);
    for (uint32_t i = 0; err == OK && i < run.count; i++) {
        struct hash after[AFTER_MAX];
        struct entry entry;
        err = run_entry(&run, i, after, &entry);
        if (err == OK) {
            run_pack_entry(out, &entry);
        }
    }
    return err;
}

static inline enum err runs_again(const struct message *m, struct pack *out)
{
    enum err err = OK;
    pack_runs(out, m->flags, m->count);
    for (uint32_t i = 0; err == OK && i < m->count; i++) {
        err = run_again(&m->items[i], out);
    }
    return err;
}

static inline enum err fork_again(const struct message *m, struct pack *out)
{
    struct pack runs[2];
    enum err err = OK;
    pack_init(&runs[0]);
    pack_init(&runs[1]);
    for (uint32_t i = 0; err == OK && i < 2; i++) {
        err = run_again(&m->items[i], &runs[i]);
    }
    if (err == OK) {
        pack_fork(out, pack_bytes(&runs[0]), pack_bytes(&runs[1]));
    }
    pack_clear(&runs[0]);
    pack_clear(&runs[1]);
    return err;
}

static inline enum err missing_again(const struct message *m, struct pack *out)
{
    static struct hash ids[MISSING_MAX], ends[MISSING_MAX];
    enum err err = OK;
    for (uint32_t i = 0; err == OK && i < m->count; i++) {
        err = message_missing(m, i, &ids[i]);
    }
    for (uint32_t i = 0; err == OK && i < m->ends_count; i++) {
        err = message_end(m, i, &ends[i]);
    }
    pack_missing(out, ids, m->count, ends, m->ends_count);
    return err;
}

static inline enum err keys_again(const struct message *m, struct pack *out)
{
    enum err err = OK;
    pack_keys(out, m->count);
    for (uint32_t i = 0; err == OK && i < m->count; i++) {
        struct told_key key;
        err = message_key(m, i, &key);
        if (err == OK) {
            pack_key(out, &key);
        }
    }
    return err;
}

/* The error of the first item that is bad. */
static inline enum err message_again(const struct message *m, struct pack *out)
{
    switch (m->kind) {
    case MESSAGE_HELLO:
        pack_hello(out, m);
        return OK;
    case MESSAGE_BEAT:
        pack_beat(out, &m->fingerprint, m->flags);
        return OK;
    case MESSAGE_LEAVE:
        pack_leave(out, m->run);
        return OK;
    case MESSAGE_RANGES:
        return ranges_again(m, out);
    case MESSAGE_HEADS:
        return heads_again(m, out);
    case MESSAGE_WANT:
        return wants_again(m, out);
    case MESSAGE_RUNS:
        return runs_again(m, out);
    case MESSAGE_ACK:
        pack_ack(out, &m->feed, m->seq);
        return OK;
    case MESSAGE_PEERS:
        return hints_again(m, out);
    case MESSAGE_SUSPECT:
        pack_suspect(out, &m->device, m->run);
        return OK;
    case MESSAGE_HEARD:
        pack_heard(out, &m->device, m->run, m->heard, m->ago_ms);
        return OK;
    case MESSAGE_GONE:
        pack_gone(out, &m->device, m->run);
        return OK;
    case MESSAGE_FORK:
        return fork_again(m, out);
    case MESSAGE_LACKS:
        return lacks_again(m, out);
    case MESSAGE_PAYLOADS:
        return payloads_again(m, out);
    case MESSAGE_REFUSE:
        pack_refuse(out, (enum err)m->reason);
        return OK;
    case MESSAGE_INBOX:
        pack_inbox(out, &m->tag, (uint16_t)m->port);
        return OK;
    case MESSAGE_CLOSED:
        pack_closed(out, &m->signature);
        return OK;
    case MESSAGE_MISSING:
        return missing_again(m, out);
    case MESSAGE_WHO:
        pack_who(out, m->handle);
        return OK;
    case MESSAGE_KEYS:
        return keys_again(m, out);
    }
    return ERR_INTERNAL;
}

#endif
