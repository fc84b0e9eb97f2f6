/* Requests whose answer must wait, and what is stretched for them meanwhile. */
#include <stdlib.h>

#include "device_inside.h"

struct pending *pending_new(struct call *call, enum pending_kind kind, struct mono due)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct pending *pending = &call->device->pending[i];
        if (pending->kind == PENDING_NONE) {
            *pending = (struct pending){.kind = kind,
                                        .client = call->client,
                                        .number = call->number,
                                        .due = due,
                                        .login = call->login,
                                        .class_index = call->class ? call->class->index : 0};
            call->later = true;
            return pending;
        }
    }
    return NULL;
}

/* Most requests stretch nothing, and leave nothing to wipe. */
void stretching_free(struct stretching **s)
{
    if (*s && ((*s)->done || (*s)->at[0].words[0])) {
        wipe(*s, sizeof(**s));
    }
    free(*s);
    *s = NULL;
}

void pending_end(struct pending *pending)
{
    stretching_free(&pending->stretching);
    if (pending->request) {
        wipe(pending->request, pending->request_len);
        free(pending->request);
    }
    wipe(pending, sizeof(*pending));
}

enum err pending_stretch(struct device *device, struct pending *pending, struct slice words,
                         const uint8_t salt[16], struct cost cost)
{
    struct output output = {.kind = OUTPUT_STRETCH, .bytes = words, .cost = cost};
    memcpy(output.salt, salt, sizeof(output.salt));
    output.work = pending->work = ++device->works;
    if (!device_put(device, &output)) {
        pending_end(pending);
        return ERR_NOMEM;
    }
    return OK;
}
