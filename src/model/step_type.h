/* SPDX-License-Identifier: Apache-2.0 */
/* Private to src/model: the field table of FctStep, which a plan embeds. */
#pragma once
#include "model/codec.h"

extern const FctType fct_step_type;
