/* SPDX-License-Identifier: Apache-2.0 */
#include "app/server/tls.h"

#include "base/error.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#define VALID_DAYS 825 /* the longest validity that browsers accept from a private authority */

typedef gnutls_x509_crt_t Certificate;
typedef gnutls_x509_privkey_t PrivateKey;
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(Certificate, gnutls_x509_crt_deinit, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(PrivateKey, gnutls_x509_privkey_deinit, NULL)

static void add_name(Certificate certificate, const char *name)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(name);
    if (address)
        gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, g_inet_address_to_bytes(address),
                                             (unsigned)g_inet_address_get_native_size(address), GNUTLS_FSAN_APPEND);
    else
        gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name),
                                             GNUTLS_FSAN_APPEND);
}

static int certificate_fill(Certificate certificate, PrivateKey key, const char *bind)
{
    guint8 serial[16];
    time_t now = (time_t)(g_get_real_time() / G_USEC_PER_SEC);
    const char *host = g_get_host_name();
    gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);
    serial[0] &= 0x7f; /* a serial number must be positive */
    gnutls_x509_crt_set_version(certificate, 3);
    gnutls_x509_crt_set_serial(certificate, serial, sizeof serial);
    gnutls_x509_crt_set_activation_time(certificate, now - 3600);
    gnutls_x509_crt_set_expiration_time(certificate, now + VALID_DAYS * 24 * 3600);
    gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, host, (unsigned)strlen(host));
    add_name(certificate, "localhost");
    add_name(certificate, "127.0.0.1");
    add_name(certificate, "::1");
    if (strcmp(host, "localhost") != 0)
        add_name(certificate, host);
    if (!g_str_equal(bind, "127.0.0.1") && !g_str_equal(bind, "::1") && !g_str_equal(bind, "0.0.0.0") &&
        !g_str_equal(bind, "::"))
        add_name(certificate, bind);
    gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE);
    gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0);
    gnutls_x509_crt_set_basic_constraints(certificate, 0, -1);
    int rc = gnutls_x509_crt_set_key(certificate, key);
    return rc < 0 ? rc : gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0);
}

/* Writes both files; the key first, so that a certificate on disk always has its key. */
static int certificate_generate(const char *cert_path, const char *key_path, const char *bind, GError **error)
{
    g_auto(PrivateKey) key = NULL;
    g_auto(Certificate) certificate = NULL;
    gnutls_datum_t text = {NULL, 0};
    int rc = gnutls_x509_privkey_init(&key);
    if (rc >= 0)
        rc = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    if (rc >= 0)
        rc = gnutls_x509_crt_init(&certificate);
    if (rc >= 0)
        rc = certificate_fill(certificate, key, bind);
    if (rc >= 0 &&
        (rc = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &text)) >= 0) {
        gboolean ok =
            g_file_set_contents_full(key_path, (char *)text.data, text.size,
                                     G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
        gnutls_memset(text.data, 0, text.size);
        gnutls_free(text.data);
        if (!ok)
            return 1;
    }
    if (rc >= 0 && (rc = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &text)) >= 0) {
        gboolean ok =
            g_file_set_contents_full(cert_path, (char *)text.data, text.size,
                                     G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644, error);
        gnutls_free(text.data);
        if (!ok)
            return 1;
    }
    return rc;
}

/*
 * GIO has no call for this, so GnuTLS's priority is set, unless the administrator has set one. door.c checks the
 * version that was agreed.
 */
void fct_tls_prepare(void)
{
    g_setenv("G_TLS_GNUTLS_PRIORITY", "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", FALSE);
}

GTlsCertificate *fct_tls_certificate(const char *state_dir, const char *bind, GError **error)
{
    g_autofree char *dir = g_build_filename(state_dir, "tls", NULL);
    g_autofree char *cert_path = g_build_filename(dir, "cert.pem", NULL);
    g_autofree char *key_path = g_build_filename(dir, "key.pem", NULL);
    if (!g_file_test(cert_path, G_FILE_TEST_EXISTS)) {
        g_mkdir_with_parents(dir, 0700);
        int rc = certificate_generate(cert_path, key_path, bind, error);
        if (rc < 0)
            fct_set_error(error, FCT_ERROR_INTERNAL, "A certificate could not be made: %s.", gnutls_strerror(rc));
        if (rc != 0)
            return NULL;
    }
    g_autoptr(GError) fault = NULL;
    GTlsCertificate *certificate = g_tls_certificate_new_from_files(cert_path, key_path, &fault);
    if (!certificate)
        fct_set_error_full(error, FCT_ERROR_INTERNAL,
                           "Put certificate and key back, or move both files away: facetd then makes new ones.", NULL,
                           "The certificate %s with its key %s cannot be used: %s.", cert_path, key_path,
                           fault->message);
    return certificate;
}
