/* Methods about machines: what this one knows of the others, on how many its work is safe, and what works on this
 * network and what doesn't. */
#include <arpa/inet.h>
#include <stdio.h>

#include "device_inside.h"
#include "rows.h"

enum {
    CLOCK_OFF_MS = 120 * 1000, /* a clock further off than this is worth a word */
    IFACES_MAX = 16,
    REFUSED_SHOWN = 32, /* machines with entries that have no effect */
    LACKING_SHOWN_MAX = 16,
    TWIN_RETURNS = 4, /* of a run after another; one late message makes two */
};

static char *address_text(const struct address *address, char out[64])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    bool v4 = memcmp(address->ip, mapped, sizeof(mapped)) == 0;
    out[0] = '\0';
    inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? address->ip + 12 : address->ip, out, 64);
    return out;
}

static void pack_pair(struct pack *p, const char *key, const char *value)
{
    pack_str(p, key);
    pack_str(p, value);
}

static void pack_count(struct pack *p, const char *key, uint64_t value)
{
    pack_str(p, key);
    pack_uint(p, value);
}

static void pack_since(struct pack *p, struct now now, struct mono since)
{
    struct age age = {.age_ms = now.mono.ms - since.ms, .clock = AGE_SEEN};
    age.at_ms = now.wall.ms - age.age_ms;
    pack_age(p, &age);
}

/* ---- status ---------------------------------------------------------------------------------------------------- */

void machine_name(struct class *class, const struct peer *peer, char out[NAME_BYTES_MAX + 1])
{
    char device[9];
    seat_of_device(class->store, &peer->device, out);
    if (!*out) {
        const char *host = *peer->host ? peer->host : hex(device, peer->device.b, 4);
        text_copy(out, NAME_BYTES_MAX + 1, slice_str(host));
    }
}

static void pack_machine(struct pack *p, struct class *class, const struct peer *peer,
                         uint64_t own_seq, struct now now)
{
    char name[NAME_BYTES_MAX + 1], device[17], address[64];
    static const char *const states[] = {"called", "here", "gone", "left"};
    machine_name(class, peer, name);
    pack_map(p, 11);
    pack_pair(p, "seat", name);
    pack_pair(p, "host", peer->host);
    pack_pair(p, "device", hex(device, peer->device.b, 8));
    pack_pair(p, "state", states[peer->state]);
    pack_since(p, now, peer->since);
    pack_str(p, "clock_off_s");
    if (peer->clock_known) {
        pack_int(p, peer->clock_ms / 1000);
    } else {
        pack_nil(p);
    }
    pack_pair(p, "address", address_text(&peer->address, address));
    pack_pair(p, "iface", peer->iface);
    pack_str(p, "safe");
    pack_bool(p, peer->has_all_before && peer->acked_seq >= own_seq);
}

static void pack_forks(struct pack *p, struct class *class)
{
    struct device_id devices[FORKS_MAX];
    uint32_t count = 0;
    sqlite3_stmt *stmt = store_query(
        class->store, "SELECT DISTINCT device FROM feed WHERE void_seq>0 ORDER BY device");
    while (count < FORKS_MAX && store_row(class->store, stmt)) {
        column_fixed(stmt, 0, devices[count].b, sizeof(devices[count].b));
        count++;
    }
    sqlite3_reset(stmt);
    pack_str(p, "forks");
    pack_array(p, count);
    for (uint32_t i = 0; i < count; i++) {
        char seat[NAME_BYTES_MAX + 1], short_id[17];
        bool known = seat_of_device(class->store, &devices[i], seat);
        pack_str(p, known ? seat : hex(short_id, devices[i].b, 8));
    }
}

/* Entries without effect, by the machine that wrote them: the worst first. */
static void pack_refused(struct pack *p, struct class *class)
{
    struct {
        struct device_id device;
        uint64_t entries;
    } rows[REFUSED_SHOWN];
    uint32_t count = 0;
    sqlite3_stmt *stmt = store_query(
        class->store, "SELECT device, count(*) AS n FROM refused GROUP BY device ORDER BY n DESC,"
                      " device");
    while (count < REFUSED_SHOWN && store_row(class->store, stmt)) {
        column_fixed(stmt, 0, rows[count].device.b, sizeof(rows[count].device.b));
        rows[count++].entries = (uint64_t)sqlite3_column_int64(stmt, 1);
    }
    sqlite3_reset(stmt);
    pack_str(p, "refused");
    pack_array(p, count);
    for (uint32_t i = 0; i < count; i++) {
        char seat[LABEL_BYTES], id[65];
        bool known = seat_of_device(class->store, &rows[i].device, seat);
        hex(id, rows[i].device.b, sizeof(rows[i].device.b));
        pack_map(p, 3);
        pack_pair(p, "seat", known ? seat : NULL);
        pack_pair(p, "device", id);
        pack_count(p, "count", rows[i].entries);
    }
}

static void pack_hash(struct pack *p, const char *key, struct slice bytes)
{
    char text[65];
    pack_pair(p, key, hex(text, bytes.at, bytes.len));
}

static bool is_lasting(const struct peer *peer, uint64_t unused)
{
    (void)unused;
    return peer->lasting;
}

static uint32_t lasting_machines(struct class *class)
{
    return class->lasting + presence_machines(class->presence, is_lasting, 0);
}

static void pack_machines(struct pack *p, struct class *class, uint64_t own_seq, struct now now)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < presence_count(class->presence); i++) {
        count += presence_at(class->presence, i)->state != PEER_CALLED;
    }
    pack_str(p, "machines");
    pack_array(p, count);
    for (uint32_t i = 0; i < presence_count(class->presence); i++) {
        const struct peer *peer = presence_at(class->presence, i);
        if (peer->state != PEER_CALLED) {
            pack_machine(p, class, peer, own_seq, now);
        }
    }
}

/* Entries that came without what they say, and that nobody redacted. */
static void pack_lacking(struct pack *p, struct class *class)
{
    struct ref ids[LACKING_SHOWN_MAX];
    uint32_t count =
        class->replica ? replica_lacking_ids(class->replica, ids, LACKING_SHOWN_MAX) : 0;
    pack_str(p, "lacking");
    pack_array(p, count);
    for (uint32_t i = 0; i < count; i++) {
        char text[33];
        pack_str(p, hex(text, ids[i].b, sizeof(ids[i].b)));
    }
}

static void pack_log(struct pack *p, struct class *class)
{
    struct replica_counts counts = {0};
    struct fingerprint fingerprint = {{0}};
    struct hash digest = store_digest_views(class->store);
    if (class->replica) {
        counts = replica_count(class->replica);
        fingerprint = heads_fingerprint(replica_heads(class->replica));
    }
    pack_count(p, "entries", counts.entries);
    pack_count(p, "feeds", counts.feeds);
    pack_count(p, "waiting", counts.waiting);
    pack_count(p, "newer", counts.newer);
    pack_count(p, "refolds", counts.refolds);
    pack_str(p, "stale");
    pack_bool(p, class->replica && replica_is_stale(class->replica));
    pack_lacking(p, class);
    pack_hash(p, "fingerprint", SLICE(fingerprint));
    pack_hash(p, "views", slice_of(digest.b, 16));
}

/* Classes that have ended, while some of their machines haven't heard of it. */
static void pack_closings(struct pack *p, struct device *device)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < device->classes_count; i++) {
        struct class *class = device->classes[i];
        count += class->closed && !ending_is_complete(class);
    }
    pack_str(p, "closings");
    pack_array(p, count);
    for (uint32_t i = 0; i < device->classes_count; i++) {
        struct class *class = device->classes[i];
        if (class->closed && !ending_is_complete(class)) {
            pack_map(p, 4);
            pack_class(p, class);
            ending_receipt(class, p);
        }
    }
}

/* Why the others don't let this machine in; OK: they do, as far as it knows. */
static enum err refusal_of(const struct class *class)
{
    return class->expelled ? ERR_EXPELLED : class->refusal;
}

enum err method_status(struct call *call, struct pack *p)
{
    struct class *class = call->class;
    struct feed_id own;
    uint64_t own_seq = 0;
    uint32_t copies, lasting;
    char name[NAME_BYTES_MAX + 1], run[17];
    if (!class) {
        return ERR_NO_CLASS;
    }
    if (class->replica) {
        replica_own(class->replica, &own, &own_seq);
    }
    class_safety(class, &copies, &lasting);
    uint8_t run_bytes[8];
    memcpy(run_bytes, &call->device->run, sizeof(run_bytes));
    pack_map(p, 1);
    pack_str(p, "status");
    pack_map(p, 25);
    pack_pair(p, "class", class_name(class, name));
    pack_count(p, "peers", presence_here(class->presence));
    pack_machines(p, class, own_seq, call->now);
    pack_log(p, class);
    pack_count(p, "behind", class->sync ? sync_behind(class->sync) : 0);
    pack_count(p, "copies", copies);
    pack_count(p, "safe_on", lasting);
    pack_str(p, "safe");
    pack_bool(p, copies >= 1);
    pack_count(p, "lasting_machines", lasting_machines(class));
    pack_forks(p, class);
    pack_refused(p, class);
    receipts_pack(call->device, class, true, p);
    pack_closings(p, call->device);
    pack_str(p, "disk");
    pack_str(p, class_disk(class, call->now));
    pack_pair(p, "damaged", *class->aside ? class->aside : NULL);
    pack_pair(p, "run", hex(run, run_bytes, sizeof(run_bytes)));
    enum err refusal = refusal_of(class);
    pack_pair(p, "refusal", refusal != OK ? err_code(refusal) : NULL);
    return OK;
}

/* ---- doctor ---------------------------------------------------------------------------------------------------- */

/* One finding. iface and what may be NULL; `of` is how many could have been counted. */
struct finding {
    const char *id;
    const char *iface;
    bool ok;
    const char *what;
    uint32_t count, of;
};

struct findings {
    struct pack pack; /* the findings, one behind the other */
    uint32_t count;
};

static void find(struct findings *findings, const struct finding *f)
{
    struct pack *p = &findings->pack;
    pack_map(p, 6);
    pack_pair(p, "id", f->id);
    pack_pair(p, "iface", f->iface);
    pack_str(p, "ok");
    pack_bool(p, f->ok);
    pack_pair(p, "what", f->what);
    pack_count(p, "count", f->count);
    pack_count(p, "of", f->of);
    findings->count++;
}

/* How many machines came in by beacons lately, on this path and this interface (NULL: any). */
static uint32_t heard_on(struct class *class, uint32_t path, const char *iface)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < presence_count(class->presence); i++) {
        const struct peer *peer = presence_at(class->presence, i);
        bool there = !iface || strncmp(peer->iface, iface, sizeof(peer->iface)) == 0;
        count += there && (peer->paths & path) != 0;
    }
    return count;
}

static uint32_t ifaces_of(struct class *class, const char *out[IFACES_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < presence_count(class->presence); i++) {
        const struct peer *peer = presence_at(class->presence, i);
        bool known = peer->iface[0] == '\0';
        for (uint32_t k = 0; k < count; k++) {
            known |= strncmp(out[k], peer->iface, sizeof(peer->iface)) == 0;
        }
        if (!known && count < IFACES_MAX) {
            out[count++] = peer->iface;
        }
    }
    return count;
}

static void check_paths(struct findings *findings, struct class *class)
{
    static const struct {
        uint32_t path;
        const char *id;
    } paths[] = {{PATH_BROADCAST, "broadcast"},
                 {PATH_MULTICAST4, "multicast4"},
                 {PATH_MULTICAST6, "multicast6"}};
    const char *ifaces[IFACES_MAX] = {NULL};
    uint32_t ifaces_count = ifaces_of(class, ifaces);
    for (uint32_t k = 0; k < (ifaces_count ? ifaces_count : 1); k++) {
        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
            uint32_t heard = heard_on(class, paths[i].path, ifaces[k]);
            find(findings, &(struct finding){.id = paths[i].id,
                                             .iface = ifaces[k],
                                             .ok = heard > 0,
                                             .count = heard,
                                             .of = presence_here(class->presence)});
        }
    }
}

/* Do others reach us, and we them? Nothing in our inbox, though somebody was called or heard, is a firewall's sign. */
static void check_reach(struct findings *findings, struct device *device, struct class *class)
{
    uint32_t here = presence_here(class->presence), linked = 0, up = 0;
    uint32_t met = presence_count(class->presence) + device->calls_count;
    bool others = met > 0 || (class->replica && replica_count(class->replica).feeds > 0);
    for (uint32_t i = 0; i < presence_count(class->presence); i++) {
        const struct peer *peer = presence_at(class->presence, i);
        linked += peer->linked;
        up += peer->linked && peer->up;
    }
    find(findings, &(struct finding){.id = "peers", .ok = here > 0, .count = here, .of = met});
    if (others || !class->known) {
        find(findings,
             &(struct finding){.id = "reached", .ok = here > 0, .count = here, .of = met});
    }
    if (linked) {
        find(findings, &(struct finding){.id = "called", .ok = up > 0, .count = up, .of = linked});
    }
}

static void check_addresses(struct findings *findings, struct class *class)
{
    char what[256] = "";
    uint32_t n = presence_count(class->presence), same = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct peer *a = presence_at(class->presence, i);
        for (uint32_t k = i + 1; k < n && a->state == PEER_HERE; k++) {
            const struct peer *b = presence_at(class->presence, k);
            if (b->state == PEER_HERE && a->address.port == b->address.port &&
                memcmp(a->address.ip, b->address.ip, sizeof(a->address.ip)) == 0) {
                snprintf(what, sizeof(what), "%s, %s", a->host, b->host);
                same++;
            }
        }
    }
    find(findings,
         &(struct finding){.id = "address", .ok = same == 0, .what = what, .count = same, .of = n});
}

static void check_clocks(struct findings *findings, struct class *class)
{
    char what[256] = "";
    uint32_t wrong = 0, n = presence_count(class->presence);
    for (uint32_t i = 0; i < n; i++) {
        const struct peer *peer = presence_at(class->presence, i);
        bool off = peer->clock_ms > CLOCK_OFF_MS || peer->clock_ms < -CLOCK_OFF_MS;
        if (peer->clock_known && off) {
            size_t used = strlen(what);
            snprintf(what + used, sizeof(what) - used, "%s%s", used ? ", " : "", peer->host);
            wrong++;
        }
    }
    find(findings,
         &(struct finding){.id = "clock", .ok = wrong == 0, .what = what, .count = wrong, .of = n});
}

/* Two machines with one key: this one and another, as that said itself, or two others that take turns. */
static void check_copies(struct findings *findings, struct class *class)
{
    char what[256] = "", address[64];
    const struct twin *twin = presence_twin(class->presence);
    uint32_t copies = twin != NULL, n = presence_count(class->presence);
    if (twin) {
        snprintf(what, sizeof(what), "%s (%s)", twin->host, address_text(&twin->address, address));
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct peer *peer = presence_at(class->presence, i);
        if (peer->returns >= TWIN_RETURNS) {
            size_t used = strlen(what);
            snprintf(what + used, sizeof(what) - used, "%s%s", used ? ", " : "", peer->host);
            copies++;
        }
    }
    find(findings, &(struct finding){
                       .id = "copy", .ok = copies == 0, .what = what, .count = copies, .of = n});
}

/* In no class there is nobody to hear: all that can be said is that it knocks, and who calls. */
void doctor_without_class(struct device *device, struct pack *p)
{
    const struct knocking *k = &device->knocking;
    struct findings findings = {.count = 0};
    char what[2 * NAME_BYTES_MAX + 16] = "";
    pack_init(&findings.pack);
    find(&findings, &(struct finding){.id = "knocks", .ok = false, .what = k->words});
    if (k->torn) {
        snprintf(what, sizeof(what), "%s, %s", k->offers[0].name, k->offers[1].name);
        find(&findings, &(struct finding){.id = "calls", .ok = false, .what = what});
    }
    pack_map(p, 1);
    pack_str(p, "checks");
    pack_list(p, findings.count, &findings.pack);
}

void doctor_answer(struct device *device, struct pending *pending, struct now now)
{
    struct class *class = device->classes[pending->class_index];
    struct findings findings = {.count = 0};
    uint32_t lasting = lasting_machines(class);
    enum err refusal = refusal_of(class);
    pack_init(&findings.pack);
    if (refusal != OK) {
        find(&findings, &(struct finding){.id = err_code(refusal), .ok = false});
    }
    check_paths(&findings, class);
    check_reach(&findings, device, class);
    check_addresses(&findings, class);
    check_clocks(&findings, class);
    check_copies(&findings, class);
    find(&findings, &(struct finding){.id = "lasting",
                                      .ok = lasting > 0,
                                      .count = lasting,
                                      .of = presence_here(class->presence) + 1});
    find(&findings, &(struct finding){.id = "disk",
                                      .ok = !class_disk(class, now),
                                      .what = class_disk(class, now)});
    uint32_t returned = class->sync ? (uint32_t)sync_returned(class->sync) : 0;
    find(&findings, &(struct finding){.id = "kept", .ok = returned == 0, .count = returned});
    find(&findings, &(struct finding){.id = "damaged",
                                      .ok = !*class->aside && class->salvaged == 0,
                                      .what = *class->aside     ? class->aside
                                              : class->salvaged ? class->file
                                                                : NULL,
                                      .count = (uint32_t) class->salvaged});
    struct pack *p = &device->result;
    pack_reset(p);
    pack_map(p, 1);
    pack_str(p, "checks");
    pack_list(p, findings.count, &findings.pack);
    request_reply(device, pending->client, pending->number, pack_bytes(p), false, class->index);
    pending_end(pending);
}
