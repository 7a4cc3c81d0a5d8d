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

static void indent(Xml *xml)
{
    g_string_append_printf(xml->text, "%*s", xml->depth * 2, "");
}

/* @attributes: as they are written (our own constants only); "" for none. */
static void start(Xml *xml, const char *name, const char *attributes)
{
    indent(xml);
    g_string_append_printf(xml->text, "<%s%s%s>\n", name, *attributes ? " " : "", attributes);
    xml->open[xml->depth++] = name;
}

static void end(Xml *xml)
{
    const char *name = xml->open[--xml->depth];
    indent(xml);
    g_string_append_printf(xml->text, "</%s>\n", name);
}

static void leaf(Xml *xml, const char *name, const char *value)
{
    g_autofree char *safe = g_markup_escape_text(value, -1);
    indent(xml);
    g_string_append_printf(xml->text, "<%s>%s</%s>\n", name, safe, name);
}

static void number(Xml *xml, const char *name, int value)
{
    indent(xml);
    g_string_append_printf(xml->text, "<%s>%d</%s>\n", name, value, name);
}

static void component(Xml *xml, const char *name)
{
    g_autofree char *attributes =
        g_strdup_printf("name=\"%s\" processorArchitecture=\"amd64\" publicKeyToken=\"31bf3856ad364e35\" "
                        "language=\"neutral\" versionScope=\"nonSxS\"",
                        name);
    start(xml, "component", attributes);
}

#define ADD "wcm:action=\"add\""

static const char *language_of(const FctFirstBoot *boot)
{
    return *boot->language ? boot->language : "en-US";
}

static void languages(Xml *xml, const FctFirstBoot *boot, const char *name)
{
    const char *language = language_of(boot);
    component(xml, name);
    if (g_str_has_suffix(name, "WinPE")) {
        start(xml, "SetupUILanguage", "");
        leaf(xml, "UILanguage", language);
        end(xml);
    }
    leaf(xml, "InputLocale", language);
    leaf(xml, "SystemLocale", language);
    leaf(xml, "UILanguage", language);
    leaf(xml, "UserLocale", language);
    end(xml);
}

static void driver_paths(Xml *xml)
{
    int key = 0;
    component(xml, "Microsoft-Windows-PnpCustomizationsWinPE");
    start(xml, "DriverPaths", "");
    for (const char *letter = DRIVE_LETTERS; *letter; letter++)
        for (guint i = 0; i < G_N_ELEMENTS(drivers); i++) {
            g_autofree char *path = g_strdup_printf("%c:\\%s\\w10\\amd64", *letter, drivers[i]);
            g_autofree char *attributes = g_strdup_printf(ADD " wcm:keyValue=\"%d\"", ++key);
            start(xml, "PathAndCredentials", attributes);
            leaf(xml, "Path", path);
            end(xml);
        }
    end(xml);
    end(xml);
}

/* @mib 0: all that is left. */
static void create_partition(Xml *xml, int order, const char *type, int mib)
{
    start(xml, "CreatePartition", ADD);
    number(xml, "Order", order);
    leaf(xml, "Type", type);
    if (mib)
        number(xml, "Size", mib);
    else
        leaf(xml, "Extend", "true");
    end(xml);
}

static void format_partition(Xml *xml, int order, int partition, const char *format, const char *label,
                             const char *letter, gboolean active)
{
    start(xml, "ModifyPartition", ADD);
    number(xml, "Order", order);
    number(xml, "PartitionID", partition);
    leaf(xml, "Format", format);
    leaf(xml, "Label", label);
    if (*letter)
        leaf(xml, "Letter", letter);
    if (active)
        leaf(xml, "Active", "true");
    end(xml);
}

static void disk(Xml *xml, gboolean uefi)
{
    start(xml, "DiskConfiguration", "");
    leaf(xml, "WillShowUI", "OnError");
    start(xml, "Disk", ADD);
    number(xml, "DiskID", 0);
    leaf(xml, "WillWipeDisk", "true");
    start(xml, "CreatePartitions", "");
    if (uefi) {
        create_partition(xml, 1, "EFI", 260);
        create_partition(xml, 2, "MSR", 16);
        create_partition(xml, 3, "Primary", 0);
    } else {
        create_partition(xml, 1, "Primary", 500);
        create_partition(xml, 2, "Primary", 0);
    }
    end(xml);
    start(xml, "ModifyPartitions", "");
    format_partition(xml, 1, 1, uefi ? "FAT32" : "NTFS", "System", "", !uefi);
    format_partition(xml, 2, uefi ? 3 : 2, "NTFS", "Windows", "C", FALSE);
    end(xml);
    end(xml);
    end(xml);
}

static gboolean is_number(const char *text)
{
    for (const char *c = text; *c; c++)
        if (!g_ascii_isdigit(*c))
            return FALSE;
    return *text != '\0';
}

static void image(Xml *xml, const FctFirstBoot *boot, gboolean uefi)
{
    start(xml, "ImageInstall", "");
    start(xml, "OSImage", "");
    if (*boot->edition) {
        start(xml, "InstallFrom", "");
        start(xml, "MetaData", ADD);
        leaf(xml, "Key", is_number(boot->edition) ? "/IMAGE/INDEX" : "/IMAGE/NAME");
        leaf(xml, "Value", boot->edition);
        end(xml);
        end(xml);
    }
    start(xml, "InstallTo", "");
    number(xml, "DiskID", 0);
    number(xml, "PartitionID", uefi ? 3 : 2);
    end(xml);
    leaf(xml, "WillShowUI", "OnError");
    end(xml);
    end(xml);
}

static void owner(Xml *xml, const FctFirstBoot *boot)
{
    start(xml, "UserData", "");
    leaf(xml, "AcceptEula", "true");
    leaf(xml, "FullName", boot->user);
    leaf(xml, "Organization", boot->organization);
    start(xml, "ProductKey", "");
    if (*boot->product_key)
        leaf(xml, "Key", boot->product_key);
    leaf(xml, "WillShowUI", *boot->product_key ? "OnError" : "Never");
    end(xml);
    end(xml);
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

static void account(Xml *xml, const FctFirstBoot *boot)
{
    g_autofree char *password = password_value(boot->password);
    start(xml, "UserAccounts", "");
    start(xml, "LocalAccounts", "");
    start(xml, "LocalAccount", ADD);
    start(xml, "Password", "");
    leaf(xml, "Value", password);
    leaf(xml, "PlainText", "false");
    end(xml);
    leaf(xml, "Name", boot->user);
    leaf(xml, "DisplayName", boot->user);
    leaf(xml, "Group", "Administrators");
    end(xml);
    end(xml);
    end(xml);
}

static void first_logon(Xml *xml)
{
    start(xml, "FirstLogonCommands", "");
    start(xml, "SynchronousCommand", ADD);
    number(xml, "Order", 1);
    leaf(xml, "Description", "Drivers and guest agent of virtio-win");
    leaf(xml, "CommandLine",
         "cmd /c for %d in (D E F G H) do if exist %d:\\virtio-win-guest-tools.exe "
         "%d:\\virtio-win-guest-tools.exe /install /quiet /norestart");
    end(xml);
    end(xml);
}

static void welcome(Xml *xml, const FctFirstBoot *boot, gboolean virtio)
{
    component(xml, "Microsoft-Windows-Shell-Setup");
    start(xml, "OOBE", "");
    leaf(xml, "HideEULAPage", "true");
    leaf(xml, "HideOEMRegistrationScreen", "true");
    leaf(xml, "HideOnlineAccountScreens", "true");
    leaf(xml, "HideWirelessSetupInOOBE", "true");
    number(xml, "ProtectYourPC", 3);
    end(xml);
    account(xml, boot);
    if (virtio)
        first_logon(xml);
    end(xml);
}

char *fct_windows_answers(const FctFirstBoot *boot, const char *computer_name, gboolean uefi, gboolean virtio)
{
    Xml xml = {.text = g_string_new("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n")};
    start(
        &xml, "unattend",
        "xmlns=\"urn:schemas-microsoft-com:unattend\" xmlns:wcm=\"http://schemas.microsoft.com/WMIConfig/2002/State\"");
    start(&xml, "settings", "pass=\"windowsPE\"");
    languages(&xml, boot, "Microsoft-Windows-International-Core-WinPE");
    if (virtio)
        driver_paths(&xml);
    component(&xml, "Microsoft-Windows-Setup");
    disk(&xml, uefi);
    image(&xml, boot, uefi);
    owner(&xml, boot);
    end(&xml);
    end(&xml);
    start(&xml, "settings", "pass=\"specialize\"");
    component(&xml, "Microsoft-Windows-Shell-Setup");
    leaf(&xml, "ComputerName", computer_name);
    if (*boot->organization)
        leaf(&xml, "RegisteredOrganization", boot->organization);
    leaf(&xml, "TimeZone", *boot->time_zone ? boot->time_zone : "UTC");
    end(&xml);
    end(&xml);
    start(&xml, "settings", "pass=\"oobeSystem\"");
    languages(&xml, boot, "Microsoft-Windows-International-Core");
    welcome(&xml, boot, virtio);
    end(&xml);
    end(&xml);
    return g_string_free(xml.text, FALSE);
}
