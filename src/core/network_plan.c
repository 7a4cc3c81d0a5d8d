/* SPDX-License-Identifier: Apache-2.0 */
#include "core/network_plan.h"

#include "core/network_against.h"

#include <string.h>

void fct_network_plan_free(FctNetworkPlan *plan)
{
    if (!plan)
        return;
    g_ptr_array_unref(plan->changes);
    g_ptr_array_unref(plan->interrupts);
    g_ptr_array_unref(plan->verdicts);
    g_free(plan);
}

static FctNetworkPlan *network_plan_new(void)
{
    FctNetworkPlan *plan = g_new0(FctNetworkPlan, 1);
    plan->changes = g_ptr_array_new_with_free_func(g_free);
    plan->interrupts = g_ptr_array_new_with_free_func(g_free);
    plan->verdicts = g_ptr_array_new_with_free_func((GDestroyNotify)fct_verdict_free);
    return plan;
}

static void network_plan_say(FctNetworkPlan *plan, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void network_plan_say(FctNetworkPlan *plan, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_ptr_array_add(plan->changes, g_strdup_vprintf(format, args));
    va_end(args);
}

/* ---- create ---- */

static void say_reach(FctNetworkPlan *plan, const FctNetwork *wanted)
{
    g_autofree char *subnet = fct_network_subnet(wanted);
    switch (wanted->kind) {
    case FCT_NETWORK_NAT:
        network_plan_say(plan, "Guests reach each other, this host, and out behind its address.");
        break;
    case FCT_NETWORK_ROUTED:
        network_plan_say(plan, "Guests reach each other, this host, and out with addresses of their own.");
        break;
    case FCT_NETWORK_BRIDGE:
        network_plan_say(plan, "Guests are neighbours of what is on the bridge %s.", wanted->bridge);
        break;
    case FCT_NETWORK_DIRECT:
        network_plan_say(plan, "Guests are neighbours of what is on the interface %s.",
                         *wanted->device ? wanted->device : wanted->interface);
        break;
    default:
        network_plan_say(plan, "Guests reach each other and this host, nothing else.");
        break;
    }
    if (fct_network_has_subnet(wanted->kind))
        network_plan_say(plan, "This host gets a new bridge with the address %s in %s.", wanted->gateway, subnet);
    if (*wanted->device)
        network_plan_say(
            plan,
            "This host gets the interface %s for VLAN %d on %s, without an address; it is made again when the host "
            "starts, and goes with the network.",
            wanted->device, wanted->vlan, wanted->interface);
    else if (wanted->vlan)
        network_plan_say(plan, "Their frames bear the VLAN tag %d.", wanted->vlan);
    if (*wanted->first)
        network_plan_say(plan, "DHCP hands out %s to %s.", wanted->first, wanted->last);
    if (*wanted->first && wanted->prefix < FCT_DHCP_BITS)
        network_plan_say(
            plan, "libvirt hands out no more than that; the other addresses are for systems with fixed settings.");
    network_plan_say(plan,
                     wanted->autostart ? "It starts now and with the host." : "It starts now, and not with the host.");
}

FctNetworkPlan *fct_network_plan_create(const FctNetworkScene *scene, const FctNetwork *wanted)
{
    FctNetworkPlan *plan = network_plan_new();
    say_reach(plan, wanted);
    fct_network_against_name(scene, wanted, plan->verdicts);
    fct_network_against_place(scene, NULL, wanted, plan->verdicts);
    fct_network_against_route(scene, wanted, plan->verdicts);
    return plan;
}

/* ---- update ---- */

static gboolean text_differs(const char *a, const char *b)
{
    return strcmp(a, b) != 0;
}

static void say_dhcp(FctNetworkPlan *plan, const FctNetwork *before, const FctNetwork *after)
{
    if (!text_differs(before->first, after->first) && !text_differs(before->last, after->last))
        return;
    if (!*after->first)
        network_plan_say(plan, "DHCP hands out nothing any more.");
    else if (!*before->first)
        network_plan_say(plan, "DHCP hands out %s to %s.", after->first, after->last);
    else
        network_plan_say(plan, "DHCP hands out %s to %s instead of %s to %s.", after->first, after->last, before->first,
                         before->last);
}

static void say_ranges(FctNetworkPlan *plan, const FctNetwork *before, const FctNetwork *after)
{
    for (guint i = after->more_ranges->len; i < before->more_ranges->len; i++) {
        const FctRange *range = g_ptr_array_index(before->more_ranges, i);
        network_plan_say(plan, "DHCP no longer hands out %s to %s.", range->first, range->last);
    }
}

static const FctLease *lease_of(const GPtrArray *leases, const char *mac)
{
    for (guint i = 0; i < leases->len; i++)
        if (strcmp(((FctLease *)leases->pdata[i])->mac, mac) == 0)
            return leases->pdata[i];
    return NULL;
}

static void say_leases(FctNetworkPlan *plan, const FctNetwork *before, const FctNetwork *after)
{
    for (guint i = 0; i < after->fixed->len; i++) {
        const FctLease *lease = g_ptr_array_index(after->fixed, i), *was = lease_of(before->fixed, lease->mac);
        if (!was)
            network_plan_say(plan, "%s always gets %s when it next asks.", lease->mac, lease->address);
        else if (text_differs(was->address, lease->address))
            network_plan_say(plan, "%s gets %s instead of %s when it next asks.", lease->mac, lease->address,
                             was->address);
        else if (text_differs(was->name, lease->name))
            network_plan_say(plan, "%s is called “%s” when it next asks.", lease->mac, lease->name);
    }
    for (guint i = 0; i < before->fixed->len; i++) {
        const FctLease *was = g_ptr_array_index(before->fixed, i);
        if (!lease_of(after->fixed, was->mac))
            network_plan_say(plan, "%s no longer always gets %s.", was->mac, was->address);
    }
}

static void say_place(FctNetworkPlan *plan, const FctNetwork *before, const FctNetwork *after)
{
    g_autofree char *from = fct_network_subnet(before), *to = fct_network_subnet(after);
    if (text_differs(from, to))
        network_plan_say(plan, "The subnet is %s instead of %s; this host’s address in it is %s.", to, from,
                         after->gateway);
    if (before->kind == FCT_NETWORK_BRIDGE && text_differs(before->bridge, after->bridge))
        network_plan_say(plan, "Guests are on the bridge %s instead of %s.", after->bridge, before->bridge);
    if (text_differs(before->interface, after->interface))
        network_plan_say(plan, "Guests are on the interface %s instead of %s.", after->interface, before->interface);
    if (before->vlan != after->vlan && after->vlan)
        network_plan_say(plan, "Guests’ frames bear the VLAN tag %d.", after->vlan);
    else if (before->vlan != after->vlan)
        network_plan_say(plan, "Guests’ frames bear no VLAN tag any more.");
    if (before->open_vswitch != after->open_vswitch)
        network_plan_say(plan,
                         after->open_vswitch ? "The bridge is one of Open vSwitch." : "The bridge is one of Linux.");
    plan->redefine = plan->changes->len > 0;
    plan->replug =
        text_differs(from, to) || (before->kind == FCT_NETWORK_BRIDGE && text_differs(before->bridge, after->bridge));
}

/* Running VMs either lose their link, or get the change only when they start again. */
static void network_plan_interrupt(const FctNetworkScene *scene, const FctNetwork *present, FctNetworkPlan *plan)
{
    g_autoptr(GString) later = g_string_new(NULL);
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; scene->users && i < scene->users->len; i++) {
        const FctNetworkUser *user = &g_array_index(scene->users, FctNetworkUser, i);
        if (!user->runs || !plan->redefine || !present->active || !g_hash_table_add(known, (gpointer)user->vm))
            continue;
        if (plan->replug)
            g_ptr_array_add(plan->interrupts, g_strdup(user->vm));
        else
            g_string_append_printf(later, "%s%s", later->len ? ", " : "", user->vm);
    }
    if (plan->interrupts->len)
        network_plan_say(
            plan, "The network is restarted: its VMs lose their link for some seconds, then their systems ask for an "
                  "address again.");
    if (later->len)
        g_ptr_array_add(plan->verdicts,
                        fct_verdict_new(FCT_WARN, "next-start", "", "Stop and start them when it suits.",
                                        "These VMs run, and get the change at their next start: %s.", later->str));
}

FctNetworkPlan *fct_network_plan_update(const FctNetworkScene *scene, const FctNetwork *present,
                                        const FctNetwork *wanted)
{
    FctNetworkPlan *plan = network_plan_new();
    fct_network_against_owner(present, plan->verdicts);
    say_place(plan, present, wanted);
    if (plan->redefine)
        fct_network_against_place(scene, present, wanted, plan->verdicts);
    say_dhcp(plan, present, wanted);
    say_ranges(plan, present, wanted);
    say_leases(plan, present, wanted);
    if (present->autostart != wanted->autostart)
        network_plan_say(plan, wanted->autostart ? "It starts with the host." : "It no longer starts with the host.");
    network_plan_interrupt(scene, present, plan);
    if (plan->replug && present->active)
        fct_network_against_cut(scene, present, plan->verdicts);
    if (plan->replug)
        fct_network_against_route(scene, wanted, plan->verdicts);
    if (!plan->changes->len)
        network_plan_say(plan, "Nothing changes.");
    return plan;
}

/* ---- delete ---- */

FctNetworkPlan *fct_network_plan_delete(const FctNetworkScene *scene, const FctNetwork *present)
{
    FctNetworkPlan *plan = network_plan_new();
    fct_network_against_owner(present, plan->verdicts);
    fct_network_against_users(scene, plan->verdicts);
    fct_network_against_snapshots(scene, plan->verdicts);
    if (fct_network_has_subnet(present->kind)) {
        g_autofree char *subnet = fct_network_subnet(present);
        network_plan_say(plan, "The network %s goes, with its bridge %s and its subnet %s.", present->name,
                         present->bridge, subnet);
        fct_network_against_cut(scene, present, plan->verdicts);
    } else {
        network_plan_say(plan, "The network %s goes; %s stays as it is.", present->name,
                         present->kind == FCT_NETWORK_DIRECT ? present->interface : present->bridge);
    }
    if (*present->device)
        network_plan_say(plan, "The interface %s that Facet made for it goes too.", present->device);
    if (present->fixed->len)
        network_plan_say(plan, "Its static leases go: %u.", present->fixed->len);
    return plan;
}
