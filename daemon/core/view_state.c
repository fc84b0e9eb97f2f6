/* What goes across views: where am I, what a watch shows, and the changes in it. */
#include "rows.h"
#include "view_rows.h"

static const struct method methods[] = {{0}};
static const char *const tables[] = {NULL};
const struct view view_state = {"state", tables, 0, NULL, methods};
