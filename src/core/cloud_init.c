/* SPDX-License-Identifier: Apache-2.0 */
#include "core/first_boot_text.h"

#include <string.h>

static json_t *strings_json(char **list)
{
    json_t *json = json_array();
    for (; *list; list++)
        json_array_append_new(json, json_string(*list));
    return json;
}

static json_t *cloud_init_user(const FctFirstBoot *boot)
{
    json_t *user = json_pack("{s:s, s:s, s:s, s:b}", "name", boot->user, "shell", "/bin/bash", "sudo",
                             "ALL=(ALL) NOPASSWD:ALL", "lock_passwd", !*boot->hash && !boot->had_password);
    if (*boot->hash)
        json_object_set_new(user, "hashed_passwd", json_string(boot->hash));
    if (*boot->ssh_keys)
        json_object_set_new(user, "ssh_authorized_keys", strings_json(boot->ssh_keys));
    return user;
}

char *fct_cloud_user_data(const FctFirstBoot *boot)
{
    if (*boot->user_data)
        return g_strdup(boot->user_data);
    if (boot->had_user_data) /* the guest has had it: its text is not kept, and ours cannot stand in for it */
        return g_strdup("#cloud-config\n{}\n");
    g_autoptr(json_t) config = json_pack("{s:b, s:{s:b}}", "manage_etc_hosts", 1, "chpasswd", "expire", 0);
    if (*boot->user) {
        json_object_set_new(config, "users", json_pack("[o]", cloud_init_user(boot)));
        /* Password sign-in over SSH is on only when there is no better way in. */
        json_object_set_new(config, "ssh_pwauth", json_boolean(*boot->hash && !*boot->ssh_keys));
    }
    if (*boot->packages) {
        json_object_set_new(config, "package_update", json_true());
        json_object_set_new(config, "packages", strings_json(boot->packages));
    }
    /* Starts the guest agent where it came with the packages, or is in the image and not enabled. */
    json_object_set_new(config, "runcmd",
                        json_pack("[[sss]]", "sh", "-c",
                                  "systemctl start qemu-guest-agent 2>/dev/null || service qemu-guest-agent start "
                                  "2>/dev/null || true"));
    g_autofree char *json = fct_json_text(config);
    return g_strdup_printf("#cloud-config\n%s\n", json);
}

char *fct_cloud_meta_data(const FctFirstBoot *boot, const char *host_name)
{
    g_autoptr(json_t) meta = json_pack("{s:s, s:s}", "instance-id", boot->instance, "local-hostname", host_name);
    g_autofree char *json = fct_json_text(meta);
    return g_strdup_printf("%s\n", json);
}

/* Written as @to "0.0.0.0/0" and not "default": every release understands that. */
static json_t *on_link_route(const char *gateway)
{
    return json_pack("[{s:s, s:s, s:b}]", "to", strchr(gateway, ':') ? "::/0" : "0.0.0.0/0", "via", gateway, "on-link",
                     1);
}

static void set_static(json_t *nic, const FctFirstBoot *boot)
{
    json_object_set_new(nic, "addresses", json_pack("[s]", boot->address));
    /*
     * Written as gateway4 and not as a route "default", since older releases of cloud-init know nothing else. A gateway
     * outside of the address's own network can be reached when the guest is told that it is on the link.
     */
    if (*boot->gateway && !fct_first_boot_gateway_is_near(boot))
        json_object_set_new(nic, "routes", on_link_route(boot->gateway));
    else if (*boot->gateway)
        json_object_set_new(nic, strchr(boot->gateway, ':') ? "gateway6" : "gateway4", json_string(boot->gateway));
    if (*boot->dns)
        json_object_set_new(nic, "nameservers", json_pack("{s:o}", "addresses", strings_json(boot->dns)));
}

char *fct_cloud_network_config(const FctFirstBoot *boot, const char *const *macs)
{
    if (!*macs)
        return NULL;
    g_autoptr(json_t) nics = json_object();
    for (int i = 0; macs[i]; i++) {
        g_autofree char *name = g_strdup_printf("eth%d", i);
        json_t *nic = json_pack("{s:{s:s}, s:s}", "match", "macaddress", macs[i], "set-name", name);
        if (i == 0 && *boot->address)
            set_static(nic, boot);
        else
            json_object_set_new(nic, "dhcp4", json_true());
        json_object_set_new(nics, name, nic);
    }
    g_autoptr(json_t) config = json_pack("{s:i, s:O}", "version", 2, "ethernets", nics);
    g_autofree char *json = fct_json_text(config);
    return g_strdup_printf("%s\n", json);
}
