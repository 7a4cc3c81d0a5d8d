/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy.h"

#include <string.h>

/*
 * Each action, and the least role that may do it. A viewer looks, an operator runs VMs and cards, an admin does the
 * rest. Reading the content of disks and files is more than looking: it is everything that the guests know.
 */
#define ACTIONS(X)                                                                                                     \
    X("session.read", VIEWER)                                                                                          \
    X("session.end", VIEWER)                                                                                           \
    X("account.write", VIEWER)                                                                                         \
    X("node.read", VIEWER)                                                                                             \
    X("gpu.read", VIEWER)                                                                                              \
    X("group.read", VIEWER)                                                                                            \
    X("plan.read", VIEWER)                                                                                             \
    X("task.read", VIEWER)                                                                                             \
    X("image.read", VIEWER)                                                                                            \
    X("file.read", VIEWER)                                                                                             \
    X("pool.read", VIEWER)                                                                                             \
    X("volume.read", VIEWER)                                                                                           \
    X("network.read", VIEWER)                                                                                          \
    X("vm.read", VIEWER)                                                                                               \
    X("template.read", VIEWER)                                                                                         \
    X("event.read", VIEWER)                                                                                            \
    X("token.read", VIEWER)                                                                                            \
    X("token.write", VIEWER)                                                                                           \
    X("gpu.hold", OPERATOR)                                                                                            \
    X("plan.write", OPERATOR)                                                                                          \
    X("plan.apply", OPERATOR)                                                                                          \
    X("task.write", OPERATOR)                                                                                          \
    X("vm.write", OPERATOR)                                                                                            \
    X("template.write", OPERATOR)                                                                                      \
    X("vm.power", OPERATOR)                                                                                            \
    X("vm.console", OPERATOR)                                                                                          \
    X("audit.read", OPERATOR)                                                                                          \
    X("file.content", OPERATOR)                                                                                        \
    X("file.write", OPERATOR)                                                                                          \
    X("volume.content", OPERATOR)                                                                                      \
    X("volume.write", OPERATOR)                                                                                        \
    X("pool.write", ADMIN)                                                                                             \
    X("group.write", ADMIN)                                                                                            \
    X("network.write", ADMIN)

static const struct {
    const char *action;
    FctRole least;
} table[] = {
#define X(name, role) {name, FCT_ROLE_##role},
    ACTIONS(X)
#undef X
};

static const char *const role_names[FCT_N_ROLES] = {"viewer", "operator", "admin"};

gboolean fct_role_from_name(const char *name, FctRole *ret_role)
{
    for (int i = 0; i < FCT_N_ROLES; i++)
        if (name && strcmp(role_names[i], name) == 0) {
            *ret_role = (FctRole)i;
            return TRUE;
        }
    return FALSE;
}

gboolean fct_policy_allows(FctRole role, const char *action)
{
    for (guint i = 0; i < G_N_ELEMENTS(table); i++)
        if (strcmp(table[i].action, action) == 0)
            return role >= table[i].least;
    return FALSE;
}

const char *const *fct_policy_actions(void)
{
    static const char *const actions[] = {
#define X(name, role) name,
        ACTIONS(X)
#undef X
            NULL,
    };
    return actions;
}

gboolean fct_policy_may_grant(FctRole giver, FctRole given)
{
    return given <= giver;
}
