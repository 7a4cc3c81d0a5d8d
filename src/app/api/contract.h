/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of the API (api/openapi.yaml with its parts) as one JSON document; the build makes it
 * (tools/join-openapi). */
#pragma once

extern const char fct_contract[];
