/* SPDX-License-Identifier: Apache-2.0 */
/* The answer file for Windows Setup, by Microsoft's "Unattended Windows Setup Reference". Elements are in its order. */
#include "core/first_boot_text.h"

#include <string.h>

#define DRIVE_LETTERS "DEFGH" /* the CDs get some of these letters */

/*
 * Drivers without which Setup sees no disk and no network, and their folders on the virtio-win CD. Drivers for Windows
 * 10 work on all later versions.
 */
static const char *const drivers[] = {"viostor", "vioscsi", "NetKVM"};

/* An XML document that is written from its start to its end. */
typedef struct {
    GString *text;
    const char *open[16]; /* names of the elements that are open */
    int depth;
} Xml;

static void xml_indent(Xml *xml)
{
    g_string_append_printf(xml->text, "%*s", xml->depth * 2, "");
}

/* @attributes: as they are written (our own constants only); "" for none. */
static void xml_open(Xml *xml, const char *name, const char *attributes)
{
    xml_indent(xml);
    g_string_append_printf(xml->text, "<%s%s%s>\n", name, *attributes ? " " : "", attributes);
    xml->open[xml->depth++] = name;
}

static void xml_close(Xml *xml)
{
    const char *name = xml->open[--xml->depth];
    xml_indent(xml);
    g_string_append_printf(xml->text, "</%s>\n", name);
}

static void xml_leaf(Xml *xml, const char *name, const char *value)
{
    g_autofree char *safe = g_markup_escape_text(value, -1);
    xml_indent(xml);
    g_string_append_printf(xml->text, "<%s>%s</%s>\n", name, safe, name);
}

static void xml_leaf_number(Xml *xml, const char *name, int value)
{
    xml_indent(xml);
    g_string_append_printf(xml->text, "<%s>%d</%s>\n", name, value, name);
}

static void component_open(Xml *xml, const char *name)
{
    g_autofree char *attributes =
        g_strdup_printf("name=\"%s\" processorArchitecture=\"amd64\" publicKeyToken=\"31bf3856ad364e35\" "
                        "language=\"neutral\" versionScope=\"nonSxS\"",
                        name);
    xml_open(xml, "component", attributes);
}

#define ADD "wcm:action=\"add\""

static const char *language_of(const FctFirstBoot *boot)
{
    return *boot->language ? boot->language : "en-US";
}

static void languages_write(Xml *xml, const FctFirstBoot *boot, const char *name)
{
    const char *language = language_of(boot);
    component_open(xml, name);
    if (g_str_has_suffix(name, "WinPE")) {
        xml_open(xml, "SetupUILanguage", "");
        xml_leaf(xml, "UILanguage", language);
        xml_close(xml);
    }
    xml_leaf(xml, "InputLocale", language);
    xml_leaf(xml, "SystemLocale", language);
    xml_leaf(xml, "UILanguage", language);
    xml_leaf(xml, "UserLocale", language);
    xml_close(xml);
}

static void driver_paths(Xml *xml)
{
    int key = 0;
    component_open(xml, "Microsoft-Windows-PnpCustomizationsWinPE");
    xml_open(xml, "DriverPaths", "");
    for (const char *letter = DRIVE_LETTERS; *letter; letter++)
        for (guint i = 0; i < G_N_ELEMENTS(drivers); i++) {
            g_autofree char *path = g_strdup_printf("%c:\\%s\\w10\\amd64", *letter, drivers[i]);
            g_autofree char *attributes = g_strdup_printf(ADD " wcm:keyValue=\"%d\"", ++key);
            xml_open(xml, "PathAndCredentials", attributes);
            xml_leaf(xml, "Path", path);
            xml_close(xml);
        }
    xml_close(xml);
    xml_close(xml);
}

/* @mib 0: all that is left. */
static void create_partition(Xml *xml, int order, const char *type, int mib)
{
    xml_open(xml, "CreatePartition", ADD);
    xml_leaf_number(xml, "Order", order);
    xml_leaf(xml, "Type", type);
    if (mib)
        xml_leaf_number(xml, "Size", mib);
    else
        xml_leaf(xml, "Extend", "true");
    xml_close(xml);
}

static void format_partition(Xml *xml, int order, int partition, const char *format, const char *label,
                             const char *letter, gboolean active)
{
    xml_open(xml, "ModifyPartition", ADD);
    xml_leaf_number(xml, "Order", order);
    xml_leaf_number(xml, "PartitionID", partition);
    xml_leaf(xml, "Format", format);
    xml_leaf(xml, "Label", label);
    if (*letter)
        xml_leaf(xml, "Letter", letter);
    if (active)
        xml_leaf(xml, "Active", "true");
    xml_close(xml);
}

static void disk_write(Xml *xml, gboolean uefi)
{
    xml_open(xml, "DiskConfiguration", "");
    xml_leaf(xml, "WillShowUI", "OnError");
    xml_open(xml, "Disk", ADD);
    xml_leaf_number(xml, "DiskID", 0);
    xml_leaf(xml, "WillWipeDisk", "true");
    xml_open(xml, "CreatePartitions", "");
    if (uefi) {
        create_partition(xml, 1, "EFI", 260);
        create_partition(xml, 2, "MSR", 16);
        create_partition(xml, 3, "Primary", 0);
    } else {
        create_partition(xml, 1, "Primary", 500);
        create_partition(xml, 2, "Primary", 0);
    }
    xml_close(xml);
    xml_open(xml, "ModifyPartitions", "");
    format_partition(xml, 1, 1, uefi ? "FAT32" : "NTFS", "System", "", !uefi);
    format_partition(xml, 2, uefi ? 3 : 2, "NTFS", "Windows", "C", FALSE);
    xml_close(xml);
    xml_close(xml);
    xml_close(xml);
}

static gboolean key_is_number(const char *text)
{
    for (const char *c = text; *c; c++)
        if (!g_ascii_isdigit(*c))
            return FALSE;
    return *text != '\0';
}

static void image_write(Xml *xml, const FctFirstBoot *boot, gboolean uefi)
{
    xml_open(xml, "ImageInstall", "");
    xml_open(xml, "OSImage", "");
    if (*boot->edition) {
        xml_open(xml, "InstallFrom", "");
        xml_open(xml, "MetaData", ADD);
        xml_leaf(xml, "Key", key_is_number(boot->edition) ? "/IMAGE/INDEX" : "/IMAGE/NAME");
        xml_leaf(xml, "Value", boot->edition);
        xml_close(xml);
        xml_close(xml);
    }
    xml_open(xml, "InstallTo", "");
    xml_leaf_number(xml, "DiskID", 0);
    xml_leaf_number(xml, "PartitionID", uefi ? 3 : 2);
    xml_close(xml);
    xml_leaf(xml, "WillShowUI", "OnError");
    xml_close(xml);
    xml_close(xml);
}

static void owner_write(Xml *xml, const FctFirstBoot *boot)
{
    xml_open(xml, "UserData", "");
    xml_leaf(xml, "AcceptEula", "true");
    xml_leaf(xml, "FullName", boot->user);
    xml_leaf(xml, "Organization", boot->organization);
    xml_open(xml, "ProductKey", "");
    if (*boot->product_key)
        xml_leaf(xml, "Key", boot->product_key);
    xml_leaf(xml, "WillShowUI", *boot->product_key ? "OnError" : "Never");
    xml_close(xml);
    xml_close(xml);
}

/* Encoded as Microsoft's own tools do: that hides it from a glance, but it is not encrypted. */
static char *password_value(const char *password)
{
    g_autofree char *salted = g_strconcat(password, "Password", NULL);
    glong units = 0;
    g_autofree gunichar2 *wide = g_utf8_to_utf16(salted, -1, NULL, &units, NULL);
    g_autofree guint8 *bytes = g_malloc((gsize)units * 2 + 1);
    for (glong i = 0; i < units; i++) {
        bytes[2 * i] = wide[i] & 0xff;
        bytes[2 * i + 1] = (guint8)(wide[i] >> 8);
    }
    memset(salted, 0, strlen(salted));
    return g_base64_encode(bytes, (gsize)units * 2);
}

static void account_write(Xml *xml, const FctFirstBoot *boot)
{
    g_autofree char *password = password_value(boot->password);
    xml_open(xml, "UserAccounts", "");
    xml_open(xml, "LocalAccounts", "");
    xml_open(xml, "LocalAccount", ADD);
    xml_open(xml, "Password", "");
    xml_leaf(xml, "Value", password);
    xml_leaf(xml, "PlainText", "false");
    xml_close(xml);
    xml_leaf(xml, "Name", boot->user);
    xml_leaf(xml, "DisplayName", boot->user);
    xml_leaf(xml, "Group", "Administrators");
    xml_close(xml);
    xml_close(xml);
    xml_close(xml);
}

static void first_logon(Xml *xml)
{
    xml_open(xml, "FirstLogonCommands", "");
    xml_open(xml, "SynchronousCommand", ADD);
    xml_leaf_number(xml, "Order", 1);
    xml_leaf(xml, "Description", "Drivers and guest agent of virtio-win");
    xml_leaf(xml, "CommandLine",
             "cmd /c for %d in (D E F G H) do if exist %d:\\virtio-win-guest-tools.exe "
             "%d:\\virtio-win-guest-tools.exe /install /quiet /norestart");
    xml_close(xml);
    xml_close(xml);
}

static void unattend_welcome(Xml *xml, const FctFirstBoot *boot, gboolean virtio)
{
    component_open(xml, "Microsoft-Windows-Shell-Setup");
    xml_open(xml, "OOBE", "");
    xml_leaf(xml, "HideEULAPage", "true");
    xml_leaf(xml, "HideOEMRegistrationScreen", "true");
    xml_leaf(xml, "HideOnlineAccountScreens", "true");
    xml_leaf(xml, "HideWirelessSetupInOOBE", "true");
    xml_leaf_number(xml, "ProtectYourPC", 3);
    xml_close(xml);
    account_write(xml, boot);
    if (virtio)
        first_logon(xml);
    xml_close(xml);
}

char *fct_windows_answers(const FctFirstBoot *boot, const char *computer_name, gboolean uefi, gboolean virtio)
{
    Xml xml = {.text = g_string_new("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n")};
    xml_open(
        &xml, "unattend",
        "xmlns=\"urn:schemas-microsoft-com:unattend\" xmlns:wcm=\"http://schemas.microsoft.com/WMIConfig/2002/State\"");
    xml_open(&xml, "settings", "pass=\"windowsPE\"");
    languages_write(&xml, boot, "Microsoft-Windows-International-Core-WinPE");
    if (virtio)
        driver_paths(&xml);
    component_open(&xml, "Microsoft-Windows-Setup");
    disk_write(&xml, uefi);
    image_write(&xml, boot, uefi);
    owner_write(&xml, boot);
    xml_close(&xml);
    xml_close(&xml);
    xml_open(&xml, "settings", "pass=\"specialize\"");
    component_open(&xml, "Microsoft-Windows-Shell-Setup");
    xml_leaf(&xml, "ComputerName", computer_name);
    if (*boot->organization)
        xml_leaf(&xml, "RegisteredOrganization", boot->organization);
    xml_leaf(&xml, "TimeZone", *boot->time_zone ? boot->time_zone : "UTC");
    xml_close(&xml);
    xml_close(&xml);
    xml_open(&xml, "settings", "pass=\"oobeSystem\"");
    languages_write(&xml, boot, "Microsoft-Windows-International-Core");
    unattend_welcome(&xml, boot, virtio);
    xml_close(&xml);
    xml_close(&xml);
    return g_string_free(xml.text, FALSE);
}
