/* SPDX-License-Identifier: Apache-2.0 */
/* cloud-init's user-data: every form that it documents, and faults that would leave a guest that nobody can log in to.
 */
#include "model/user_data.h"

#include <string.h>

static void test_good(void)
{
    /* https://cloudinit.readthedocs.io/en/latest/explanation/format.html */
    static const char *const texts[] = {
        "#cloud-config\n",
        "#cloud-config\nusers:\n  - name: x\n",
        "#cloud-config\r\nusers:\r\n  - name: x\r\n",
        "#Cloud-Config  # as people write it\n{\"hostname\": \"a\"}\n",
        "#cloud-config\n---\nhostname: a\n...\n",
        "#cloud-config\na: &x [1, 2]\nb: *x\nc: !!str 5\n? d\n: e\n",
        "#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    a: b\n- '#!/bin/sh'\n",
        "#cloud-config-jsonp\n[{\"op\": \"add\", \"path\": \"/runcmd\", \"value\": []}]\n",
        "#!/bin/sh\nnot: [yaml\n",
        "#include\nhttps://example.org/ud\n",
        "#include-once\n# one of ours\n\nhttp://example.org/a\nfile:///etc/more\n",
        "#cloud-boothook\n#!/bin/sh\n",
        "#part-handler\ndef list_types():\n",
        "#upstart-job\n",
        "## template: jinja\n#cloud-config\nhostname: {{ v1.local_hostname }}\n{% if x %}\n",
        "## TEMPLATE:jinja\n#!/bin/sh\necho {{ v1.region }}\n",
        "MIME-Version: 1.0\nContent-Type: text/cloud-config\n\na: b\n",
        ("From nobody Fri Jan  1 00:00:00 2021\nContent-Type: multipart/mixed;\n boundary=\"==x==\"\nMIME-Version: "
         "1.0\n\n--==x==\nContent-Type: text/cloud-config; charset=\"us-ascii\"\n\na: b\n--==x==\n"
         "Content-Type: text/x-shellscript\n\n#!/bin/sh\n--==x==--\n"),
        ("Content-Type: multipart/mixed; boundary=x\nMIME-Version: 1.0\n\n--x\nContent-Type: text/cloud-config\n"
         "Content-Transfer-Encoding: base64\n\nYTogWwo=\n--x--\n"),
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_auto(FctUserDataFault) fault = {0};
        gboolean good = fct_user_data_check(texts[i], &fault);
        g_test_message("%s: %s", texts[i], good ? "good" : fault.sentence);
        g_assert_true(good);
        g_assert_null(fault.sentence);
    }
}

static void test_wrong(void)
{
    static const struct {
        const char *text;
        gint line, column;
        const char *says;
    } cases[] = {
        {"hello", 1, 1, "begins with “hello”"},
        {"", 1, 1, "must be #cloud-config"},
        {"#cloud-configuration\n", 1, 1, "must be #cloud-config"},
        {"\xef\xbb\xbf#cloud-config\n", 1, 1, "byte order mark"},
        /* Case 13. */
        {"#cloud-config\n\tusers:\n  - name: x\n bad: [\n", 2, 1, "cannot start any token"},
        {"#cloud-config\nusers:\n  - name: x\n bad: [\n", 4, 2, "line 4, column 2"},
        {"#cloud-config\na: [1, 2\nb: 3\n", 3, 2, "wrong in line 3"},
        {"#cloud-config\na: 'x\n", 3, 1, "quoted scalar"},
        {"#cloud-config\n- a\n", 2, 1, "begins with a key"},
        {"#cloud-config\nhello\n", 2, 1, "begins with a key"},
        {"#cloud-config\na: b\n---\nc: d\n", 3, 1, "second document"},
        {"#cloud-config\na: *b\n", 2, 4, "anchor that is not above"},
        {"#cloud-config\na: !!python/object:os.system x\n", 2, 4, "does not know this tag"},
        {"#cloud-config\na: !vault x\n", 2, 4, "does not know this tag"},
        {"#cloud-config\n{[a, b]: c}\n", 2, 2, "a key must be a word"},
        {"#cloud-config\na: \x01\n", 0, 0, "control characters"},
        {"#cloud-config-archive\na: b\n", 2, 1, "is a list"},
        {"#cloud-config-jsonp\n[{\"op\": }]\n", 2, 9, "line 2"},
        {"#include\n", 0, 0, "includes nothing"},
        {"#include\nhttps://example.org/a\nexample.org/b\n", 3, 1, "Line 3"},
        {"## template: mako\n#cloud-config\n", 1, 1, "jinja only"},
        {"## template: jinja\nhostname: x\n", 2, 1, "must say what it is"},
        {"Content-Type: multipart/mixed; boundary=x\n\n--x\n", 1, 1, "MIME-Version"},
        {"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n", 0, 0, "no empty line"},
        {"MIME-Version: 1.0\nContent-Type: multipart/mixed\n\n--x--\n", 0, 0, "no boundary"},
        {"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--y--\n", 0, 0, "has no part"},
        {"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/cloud-config\n\n"
         "a: b\nc: [\n--x--\n",
         9, 1, "line 9"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(FctUserDataFault) fault = {0};
        g_assert_false(fct_user_data_check(cases[i].text, &fault));
        g_test_message("%s: %s", cases[i].text, fault.sentence);
        g_assert_nonnull(strstr(fault.sentence, cases[i].says));
        g_assert_cmpint(fault.line, ==, cases[i].line);
        g_assert_cmpint(fault.column, ==, cases[i].column);
    }
}

/* What would cost the guest, or us, more than its length. */
static void test_bombs(void)
{
    g_autoptr(GString) deep = g_string_new("#cloud-config\na: ");
    g_autoptr(GString) wide = g_string_new("#cloud-config\na0: &a0 [x]\n");
    for (int i = 0; i < 1000; i++)
        g_string_append_c(deep, '[');
    for (int i = 1; i < 40; i++)
        g_string_append_printf(wide, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1,
                               i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    const struct {
        const char *text, *says;
    } cases[] = {{deep->str, "more than 64"}, {wide->str, "more than 256"}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(FctUserDataFault) fault = {0};
        g_assert_false(fct_user_data_check(cases[i].text, &fault));
        g_assert_nonnull(strstr(fault.sentence, cases[i].says));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/user-data/good", test_good);
    g_test_add_func("/user-data/wrong", test_wrong);
    g_test_add_func("/user-data/bombs", test_bombs);
    return g_test_run();
}
