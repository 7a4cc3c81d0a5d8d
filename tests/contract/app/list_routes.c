/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the routes of the server, one on each line: method, path, action ("-": public), what the query takes and what
 * the body takes, separated by tabs. For openapi.py.
 */
#include "app/routes.h"

#include <stdio.h>

int main(void)
{
    for (const FctRoute *const *route = fct_routes(); *route; route++)
        printf("%s\t%s\t%s\t%s\t%s\n", (*route)->method, (*route)->path, (*route)->action ? (*route)->action : "-",
               (*route)->query ? (*route)->query : "", (*route)->body ? (*route)->body : "");
    return 0;
}
