/* SPDX-License-Identifier: Apache-2.0 */
#include "model/user_data.h"

#include "base/json.h"

#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 64    /* depth of lists and mappings: the guest reads them recursively */
#define ALIASES_MAX 256 /* a few lines of aliases can stand for gigabytes in whatever expands them */
#define MIME_HEAD 4096  /* cloud-init looks for the header within so many bytes */
#define NAME_SHOWN 40

void fct_user_data_fault_clear(FctUserDataFault *fault)
{
    g_clear_pointer(&fault->sentence, g_free);
}

static gboolean G_GNUC_PRINTF(4, 5)
    user_data_fault(FctUserDataFault *ret, gint line, gint column, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_free(ret->sentence);
    ret->sentence = g_strdup_vprintf(format, ap);
    ret->line = line;
    ret->column = column;
    va_end(ap);
    return FALSE;
}

/* ---- YAML ---- */

typedef struct {
    yaml_event_type_t kind; /* YAML_MAPPING_START_EVENT or YAML_SEQUENCE_START_EVENT */
    gboolean value;         /* of a mapping: a key was read, its value is next */
} Level;

typedef struct {
    FctUserDataFault *fault;
    yaml_event_type_t wanted; /* what the whole must be */
    const char *what;         /* the same in words */
    gint first;               /* lines before it */
    Level levels[DEPTH_MAX];
    guint depth, documents, aliases;
    GHashTable *anchors; /* set of names */
} Yaml;

static gboolean yaml_wrong(const Yaml *yaml, const yaml_mark_t *at, const char *sentence)
{
    gint line = yaml->first + (gint)at->line + 1, column = (gint)at->column + 1;
    return user_data_fault(yaml->fault, line, column, "The user-data is wrong in line %d, column %d: %s.", line, column,
                           sentence);
}

/* Tags of YAML itself; cloud-init's reader refuses all others. */
static gboolean tag_is_good(const yaml_char_t *tag)
{
    static const char *const known[] = {"null",  "bool", "int", "float", "binary", "timestamp", "omap",
                                        "pairs", "set",  "str", "seq",   "map",    NULL};
    const char *text = (const char *)tag;
    return !tag || strcmp(text, "!") == 0 ||
           (g_str_has_prefix(text, "tag:yaml.org,2002:") &&
            g_strv_contains(known, text + strlen("tag:yaml.org,2002:")));
}

/* A node begins at @event; if it is a key it must be plain. */
static gboolean enter_node(Yaml *yaml, const yaml_event_t *event)
{
    Level *in = yaml->depth ? &yaml->levels[yaml->depth - 1] : NULL;
    gboolean holds = event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT;
    if (!in && event->type != yaml->wanted && event->type != YAML_ALIAS_EVENT &&
        !(event->type == YAML_SCALAR_EVENT && !event->data.scalar.length))
        return yaml_wrong(yaml, &event->start_mark, yaml->what);
    if (in && in->kind == YAML_MAPPING_START_EVENT) {
        if (!in->value && holds)
            return yaml_wrong(yaml, &event->start_mark, "a key must be a word");
        in->value = !in->value;
    }
    return TRUE;
}

static gboolean yaml_enter(Yaml *yaml, const yaml_event_t *event, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (!tag_is_good(tag))
        return yaml_wrong(yaml, &event->start_mark, "cloud-init does not know this tag");
    if (anchor)
        g_hash_table_add(yaml->anchors, g_strdup((const char *)anchor));
    if (!enter_node(yaml, event))
        return FALSE;
    if (event->type == YAML_SCALAR_EVENT)
        return TRUE;
    if (yaml->depth == DEPTH_MAX)
        return yaml_wrong(yaml, &event->start_mark, "more than 64 lists and mappings are in each other");
    yaml->levels[yaml->depth++] = (Level){event->type, FALSE};
    return TRUE;
}

static gboolean take_alias(Yaml *yaml, const yaml_event_t *event)
{
    if (!g_hash_table_contains(yaml->anchors, event->data.alias.anchor))
        return yaml_wrong(yaml, &event->start_mark, "it refers to an anchor that is not above it");
    if (++yaml->aliases > ALIASES_MAX)
        return yaml_wrong(yaml, &event->start_mark, "more than 256 references to anchors");
    return enter_node(yaml, event);
}

static gboolean yaml_take(Yaml *yaml, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (yaml->documents++)
            return yaml_wrong(yaml, &event->start_mark, "a second document begins");
        return TRUE;
    case YAML_MAPPING_START_EVENT:
        return yaml_enter(yaml, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    case YAML_SEQUENCE_START_EVENT:
        return yaml_enter(yaml, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
    case YAML_SCALAR_EVENT:
        return yaml_enter(yaml, event, event->data.scalar.anchor, event->data.scalar.tag);
    case YAML_ALIAS_EVENT:
        return take_alias(yaml, event);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        yaml->depth--;
        return TRUE;
    default:
        return TRUE;
    }
}

static gboolean parser_wrong(const Yaml *yaml, const yaml_parser_t *parser)
{
    const char *why = parser->problem ? parser->problem : "it is no YAML";
    g_autofree char *all =
        g_strdup_printf("%s%s%s", parser->context ? parser->context : "", parser->context ? ", " : "", why);
    if (parser->error != YAML_READER_ERROR)
        return yaml_wrong(yaml, &parser->problem_mark, all);
    return user_data_fault(yaml->fault, 0, 0, "The user-data is no text that YAML allows: %s.", why);
}

/* @text follows @first lines of something else. */
static gboolean check_yaml(const char *text, gsize length, gint first, gboolean list, FctUserDataFault *ret)
{
    yaml_parser_t parser;
    g_autoptr(GHashTable) anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Yaml yaml = {.fault = ret,
                 .wanted = list ? YAML_SEQUENCE_START_EVENT : YAML_MAPPING_START_EVENT,
                 .what = list ? "an archive is a list" : "a cloud-config begins with a key, like “users:”",
                 .first = first,
                 .anchors = anchors};
    gboolean good = TRUE, over = FALSE;
    if (!yaml_parser_initialize(&parser))
        g_error("out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    while (good && !over) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            good = parser_wrong(&yaml, &parser);
            break;
        }
        good = yaml_take(&yaml, &event);
        over = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return good;
}

/* ---- the other forms ---- */

static gboolean check_json(const char *text, gint first, FctUserDataFault *ret)
{
    json_error_t fault;
    json_t *json = json_loads(text, JSON_DECODE_ANY, &fault);
    json_decref(json);
    return json ||
           user_data_fault(ret, first + fault.line, fault.column, "The user-data is wrong in line %d, column %d: %s.",
                           first + fault.line, fault.column, fault.text);
}

/* Addresses, one on each line, and comments. */
static gboolean check_include(const char *text, gint first, FctUserDataFault *ret)
{
    static const char *const schemes[] = {"http://", "https://", "ftp://", "file://", "/"};
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    guint addresses = 0;
    for (gint i = 0; lines[i]; i++) {
        const char *line = g_strstrip(lines[i]);
        gboolean good = !*line || *line == '#';
        for (gsize k = 0; !good && k < G_N_ELEMENTS(schemes); k++) {
            good = g_str_has_prefix(line, schemes[k]);
            addresses += good;
        }
        if (!good)
            return user_data_fault(ret, first + i + 1, 1,
                                   "Line %d of the user-data is no address that can be included.", first + i + 1);
    }
    return addresses || user_data_fault(ret, 0, 0, "The user-data includes nothing: write addresses below #include.");
}

static gint lines_in(const char *text, gsize length)
{
    gint lines = 0;
    for (gsize i = 0; i < length; i++)
        lines += text[i] == '\n';
    return lines;
}

/* Where the line after @text begins. */
static const char *next_line(const char *text)
{
    const char *end = strchr(text, '\n');
    return end ? end + 1 : text + strlen(text);
}

/* The headers of a MIME entity end with an empty line; NULL: there is none. */
static const char *body_of(const char *text)
{
    for (const char *line = text; *line; line = next_line(line))
        if (*line == '\n' || (*line == '\r' && line[1] == '\n'))
            return next_line(line);
    return NULL;
}

static char *header_of(const char *text, const char *body, const char *name)
{
    g_autofree char *headers = g_strndup(text, (gsize)(body - text));
    g_auto(GStrv) lines = g_strsplit(headers, "\n", -1);
    GString *value = NULL;
    for (char **line = lines; *line; line++) {
        gboolean goes_on = **line == ' ' || **line == '\t';
        if (value && !goes_on)
            break;
        if (value)
            g_string_append_printf(value, " %s", g_strstrip(*line));
        else if (g_ascii_strncasecmp(*line, name, strlen(name)) == 0 && (*line)[strlen(name)] == ':')
            value = g_string_new(g_strstrip(*line + strlen(name) + 1));
    }
    return value ? g_string_free(value, FALSE) : g_strdup("");
}

/* The parameter "boundary" of a Content-Type; "" without. */
static char *boundary_of(const char *type)
{
    g_autofree char *lower = g_ascii_strdown(type, -1);
    const char *at = strstr(lower, "boundary=");
    if (!at)
        return g_strdup("");
    const char *from = type + (at - lower) + strlen("boundary=");
    gboolean quoted = *from == '"';
    return g_strndup(from + quoted, strcspn(from + quoted, quoted ? "\"" : " ;\t"));
}

/* Checks one part, which begins at @line of @whole: a cloud-config that is not encoded can be read. */
static gboolean check_part(const char *part, gint first, FctUserDataFault *ret)
{
    const char *body = *part == '\n' || *part == '\r' ? next_line(part) : body_of(part);
    if (!body)
        return TRUE;
    g_autofree char *type = header_of(part, body, "Content-Type");
    g_autofree char *encoding = header_of(part, body, "Content-Transfer-Encoding");
    gboolean plain =
        g_ascii_strcasecmp(encoding, "base64") != 0 && g_ascii_strcasecmp(encoding, "quoted-printable") != 0;
    if (!plain || g_ascii_strncasecmp(type, "text/cloud-config", 17) != 0 || g_ascii_isalnum(type[17]) ||
        type[17] == '-')
        return TRUE;
    return check_yaml(body, strlen(body), first + lines_in(part, (gsize)(body - part)), FALSE, ret);
}

static gboolean check_mime(const char *text, FctUserDataFault *ret)
{
    const char *body = body_of(text);
    if (!body)
        return user_data_fault(ret, 0, 0, "The user-data has MIME headers, but no empty line after them.");
    g_autofree char *type = header_of(text, body, "Content-Type"), *boundary = boundary_of(type);
    if (g_ascii_strncasecmp(type, "multipart/", 10) != 0)
        return check_part(text, 0, ret);
    g_autofree char *mark = g_strconcat("--", boundary, NULL);
    GString *part = NULL;
    gint line = 1, first = 0, parts = 0;
    gboolean good = *boundary || user_data_fault(ret, 0, 0, "The user-data's header Content-Type names no boundary.");
    for (const char *at = text; good && *at; at = next_line(at), line++) {
        gsize length = (gsize)(next_line(at) - at);
        if (!g_str_has_prefix(at, mark)) {
            if (part)
                g_string_append_len(part, at, (gssize)length);
            continue;
        }
        good = !part || check_part(part->str, first, ret);
        parts++;
        if (part)
            g_string_free(part, TRUE);
        part = g_str_has_prefix(at + strlen(mark), "--") ? NULL : g_string_new(NULL);
        first = line;
    }
    good = good && (!part || check_part(part->str, first, ret));
    if (part)
        g_string_free(part, TRUE);
    return good && (parts || user_data_fault(ret, 0, 0, "The user-data has no part: its boundary “%.40s” is nowhere.",
                                             boundary));
}

/* ---- which of them it is ---- */

typedef enum { FORM_YAML, FORM_LIST, FORM_JSON, FORM_ADDRESSES, FORM_TEXT } Form;

/* Whether the first line is @header, as cloud-init compares it: in any case, and the rest of the line is a comment. */
static gboolean line_begins(const char *text, const char *header)
{
    gsize length = strlen(header);
    return g_ascii_strncasecmp(text, header, length) == 0 && !g_ascii_isalnum(text[length]) && text[length] != '-';
}

static gboolean form_of(const char *text, Form *ret)
{
    static const struct {
        const char *header;
        Form form;
    } forms[] = {{"#cloud-config", FORM_YAML}, {"#cloud-config-archive", FORM_LIST}, {"#cloud-config-jsonp", FORM_JSON},
                 {"#include", FORM_ADDRESSES}, {"#include-once", FORM_ADDRESSES},    {"#cloud-boothook", FORM_TEXT},
                 {"#part-handler", FORM_TEXT}, {"#upstart-job", FORM_TEXT}};
    *ret = FORM_TEXT;
    if (g_str_has_prefix(text, "#!"))
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++)
        if (line_begins(text, forms[i].header)) {
            *ret = forms[i].form;
            return TRUE;
        }
    return FALSE;
}

static gboolean is_mime(const char *text)
{
    g_autofree char *head = g_strndup(text, MIME_HEAD), *lower = g_ascii_strdown(head, -1);
    return g_ascii_isalpha(*text) && strstr(lower, "mime-version:");
}

static gboolean check_header(const char *text, FctUserDataFault *ret)
{
    g_autofree char *first = g_strndup(text, strcspn(text, "\r\n"));
    g_autofree char *valid = g_utf8_make_valid(first, -1);
    if (g_utf8_strlen(valid, -1) > NAME_SHOWN)
        *g_utf8_offset_to_pointer(valid, NAME_SHOWN) = '\0';
    if (g_str_has_prefix(text, "\xef\xbb\xbf"))
        return user_data_fault(ret, 1, 1,
                               "The user-data begins with a byte order mark, which cloud-init does not take: save it "
                               "as UTF-8 without one.");
    if (g_ascii_strncasecmp(text, "Content-Type:", 13) == 0)
        return user_data_fault(ret, 1, 1, "The user-data needs a line “MIME-Version: 1.0” among its headers.");
    return user_data_fault(
        ret, 1, 1,
        "The user-data begins with “%s”. Its first line must be #cloud-config, #!, #include, another header "
        "that cloud-init documents, or MIME headers.",
        valid);
}

static gboolean check_form(const char *text, Form form, gint first, FctUserDataFault *ret)
{
    const char *body = next_line(text);
    switch (form) {
    case FORM_YAML:
    case FORM_LIST:
        return check_yaml(text, strlen(text), first, form == FORM_LIST, ret);
    case FORM_JSON:
        return check_json(body, first + 1, ret);
    case FORM_ADDRESSES:
        return check_include(body, first + 1, ret);
    default:
        return TRUE;
    }
}

gboolean fct_user_data_check(const char *text, FctUserDataFault *ret)
{
    Form form;
    if (g_ascii_strncasecmp(text, "## template:", 12) == 0) {
        g_autofree char *engine = g_strndup(text + 12, strcspn(text + 12, "\r\n"));
        if (g_ascii_strcasecmp(g_strstrip(engine), "jinja") != 0)
            return user_data_fault(ret, 1, 1, "cloud-init knows templates of jinja only: write “## template: jinja”.");
        return form_of(next_line(text), &form) ||
               user_data_fault(ret, 2, 1,
                               "The line after “## template: jinja” must say what it is, like #cloud-config.");
    }
    if (form_of(text, &form))
        return check_form(text, form, 0, ret);
    return is_mime(text) ? check_mime(text, ret) : check_header(text, ret);
}
