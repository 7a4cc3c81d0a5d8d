/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that read a description. */
#pragma once

#include "model/fields.h"
#include "model/host.h"

/* `where` goes before field names in messages: "cards.A30" or "". */
gboolean fsim_card_parse(const char *file, const char *where, const char *id, json_t *json, FsimCard *card,
                         GError **error);
/* The file of a card in the catalogue; a new reference. */
json_t *fsim_card_file(const char *catalogue, const char *id, GError **error);
/* Returns how many were read; 0 and an error otherwise. `out` has room for FSIM_MAX_BARS. */
guint fsim_bars_read(FsimFields *owner, const char *name, json_t *bars, FsimBar *out, GError **error);

/* "0000:3b:00.0" into the address fields of `d`; FALSE when it is none. */
gboolean fsim_pci_parse_address(const char *text, FsimPciDevice *d);
/* Adds missing bridges, sorts, and gives GPU numbers, ports and IOMMU groups. */
gboolean fsim_host_complete(FsimHost *host, GError **error);
