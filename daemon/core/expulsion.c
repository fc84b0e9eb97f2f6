/* Machines that teachers put out of a class: nobody here speaks with them any more. What the log says of them stays. */
#include <stdlib.h>

#include "authority.h"
#include "device_inside.h"

/* It may have heard of it from nobody else. */
static void tell_expelled(struct device *device, struct class *class,
                          const struct device_id *expelled)
{
    const struct peer *peer = presence_by_device(class->presence, expelled);
    if (peer && peer->linked) {
        pack_reset(&device->pack);
        pack_refuse(&device->pack, ERR_EXPELLED);
        class_say(device, class, peer, pack_bytes(&device->pack));
    }
}

void expulsion_look(struct device *device, struct class *class, struct now now)
{
    struct device_id *devices = calloc(DEVICES_MAX, sizeof(*devices));
    struct link_pk *keys = calloc(DEVICES_MAX, sizeof(*keys));
    uint32_t keys_count = 0;
    if (!devices || !keys) {
        store_fail(class->store, ERR_NOMEM);
        goto done;
    }
    uint32_t count = authority_expelled(class->store, devices, DEVICES_MAX);
    if (store_err(class->store) != OK) {
        goto done;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!presence_bars(class->presence, &devices[i])) {
            tell_expelled(device, class, &devices[i]);
        }
        keys_count += link_public_of(&devices[i], &keys[keys_count]);
    }
    bool was = class->expelled;
    class->expelled = authority_is_expelled(class->store, &device->id);
    if (class->expelled && !was) {
        sitting_sign_out_all(device, class, now);
    }
    if (presence_bar(class->presence, devices, count, now)) {
        device_put(device, &(struct output){.kind = OUTPUT_BAR,
                                            .class_index = class->index,
                                            .bytes = slice_of(keys, keys_count * sizeof(*keys))});
        class->changed = true;
    }
done:
    free(devices);
    free(keys);
}
