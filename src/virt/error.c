/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of libvirt as errors of ours. */
#include "virt/virt.h"

#include <string.h>

void fct_virt_set_error(GError **error, const char *what)
{
    virErrorPtr fault = virGetLastError();
    FctErrorCode code = FCT_ERROR_LIBVIRT;
    g_autofree char *no_driver = NULL;
    switch (fault ? fault->code : VIR_ERR_OK) {
    case VIR_ERR_NO_DOMAIN:
    case VIR_ERR_NO_NETWORK:
    case VIR_ERR_NO_STORAGE_POOL:
    case VIR_ERR_NO_STORAGE_VOL:
        code = FCT_ERROR_NOT_FOUND;
        break;
    case VIR_ERR_DOM_EXIST:
    case VIR_ERR_NETWORK_EXIST:
    case VIR_ERR_STORAGE_VOL_EXIST:
        code = FCT_ERROR_EXISTS;
        break;
    case VIR_ERR_OPERATION_INVALID:
        code = FCT_ERROR_CONFLICT;
        break;
    case VIR_ERR_OPERATION_TIMEOUT:
    case VIR_ERR_AGENT_UNRESPONSIVE:
        code = FCT_ERROR_TIMEOUT;
        break;
    case VIR_ERR_NO_SUPPORT:
        no_driver = fault->message ? fct_virt_driver_sentence(fault->message) : NULL;
        code = FCT_ERROR_UNSUPPORTED;
        break;
    case VIR_ERR_CONFIG_UNSUPPORTED:
    case VIR_ERR_OPERATION_UNSUPPORTED:
        code = FCT_ERROR_UNSUPPORTED;
        break;
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
        code = FCT_ERROR_LIBVIRT_DOWN;
        break;
    case VIR_ERR_SYSTEM_ERROR:
    case VIR_ERR_INTERNAL_ERROR:
        if (fault->domain == VIR_FROM_RPC)
            code = FCT_ERROR_LIBVIRT_DOWN;
        break;
    default:
        break;
    }
    if (no_driver)
        fct_set_error(error, code, "%s: %s", what, no_driver);
    else
        fct_set_error(error, code, "%s: %s.", what,
                      fault && fault->message ? fault->message : "libvirt gives no reason");
}

gboolean fct_virt_fail(GError **error, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *what = g_strdup_vprintf(format, ap);
    va_end(ap);
    virErrorPtr fault = virGetLastError();
    const char *words = fault && fault->message ? fault->message : "";
    if (strstr(words, "No space left") || strstr(words, "Disk quota") || strstr(words, "insufficient free space"))
        fct_set_error(error, FCT_ERROR_NO_SPACE, "%s: %s.", what, words);
    else
        fct_virt_set_error(error, what);
    return FALSE;
}
