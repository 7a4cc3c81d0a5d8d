// SPDX-License-Identifier: Apache-2.0
// How long addresses and names get that the contract describes by their notation alone.
export const MAC_LENGTH = '52:54:00:00:00:01'.length;
/** Of IPv4. */
export const ADDRESS_LENGTH = '255.255.255.255'.length;
export const SUBNET_LENGTH = '255.255.255.255/32'.length;
/** One label of a host name (RFC 1035). */
export const LABEL_LENGTH = 63;
