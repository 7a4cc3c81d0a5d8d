/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the routes that the server has, one a line: method, path, action ("-": public), what the query takes and what
 * the body takes, with tabs between. For openapi.py.
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
