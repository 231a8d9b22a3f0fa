#!/bin/sh
# Makes sure that the journeys have a browser: Debian's Chromium, installed where we may, else said in the last lines.
if command -v chromium >/dev/null 2>&1; then exit 0; fi
if [ "$1" = "--said" ]; then
	echo "NOTE: the browser journeys were skipped: there is no chromium. Install it (Debian: apt-get install chromium)."
	exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "Installing chromium for the browser journeys …"
	export DEBIAN_FRONTEND=noninteractive
	{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk; } >/dev/null 2>&1 ||
		echo "chromium could not be installed; the journeys will be skipped."
fi
exit 0
