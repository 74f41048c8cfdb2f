#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Does the load notice when the order is not kept?  Each mechanism of the module
# is switched off (src/kern/plant.h), and what it is for has to be broken.
set -euo pipefail
cd "$(dirname "$0")"

module=$(MODULE_MAKE=KDBUS_PLANT=y ../../scripts/build-module)
exec ./run --module="$module" --smp=2 --time=600 kdbus plants \
	no-fence=fifo no-fence=cause no-staging=event late-withdraw=owner \
	early-publish=activation late-match=match stale-recipients=match \
	no-pause=heir
