#!/bin/sh
# Refreshes the vendored files from the versions pinned here, which VERSIONS repeats. Needs npm, tar and gzip.
# To upgrade: change a version, run this, look at the pages, run the tests. htmx is pinned to the digit: what a registry
# calls "latest" differs between registries.
set -eu
HTMX=htmx.org@4.0.1
TABLER=@tabler/core@1.6.1
ICONS=@tabler/icons@3.51.0
AXE=axe-core@4.14.1

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

unpack() { # unpack NAME@VERSION DIRECTORY
    mkdir -p "$work/$2"
    (cd "$work/$2" && npm pack --silent "$1" >/dev/null && tar -xzf ./*.tgz --strip-components=1)
}

unpack "$HTMX" htmx
unpack "$TABLER" tabler
unpack "$ICONS" icons
unpack "$AXE" axe

# The comment that names a source map goes too: the map is not here, and every open inspector would ask for it.
without_map() { sed -e 's|//# sourceMappingURL=.*||' -e 's|/\*# sourceMappingURL=.*\*/||' "$1"; }

without_map "$work/htmx/dist/htmx.min.js" >"$here/htmx.min.js"
without_map "$work/htmx/dist/ext/hx-sse.min.js" >"$here/hx-sse.min.js"
without_map "$work/tabler/dist/css/tabler.min.css" >"$here/tabler.min.css"
mkdir -p "$root/tests/vendor"
cp "$work/axe/axe.min.js" "$work/axe/LICENSE" "$root/tests/vendor/"

# Icons become symbols of one inline sprite: base.html includes it, components/icons.html uses it.
sprite="$root/webapp/templates/components/sprite.html"
{
    printf '<svg class="d-none" aria-hidden="true" focusable="false">\n'
    for name in $(cat "$here/icons.txt"); do
        printf '<symbol id="icon-%s" viewBox="0 0 24 24">' "$name"
        sed -e '/<svg/,/>/d' -e '/<\/svg>/d' -e '/<!--/,/-->/d' "$work/icons/icons/outline/$name.svg" | tr -d '\n' | tr -s ' '
        printf '</symbol>\n'
    done
    printf '</svg>\n'
} >"$sprite"

printf '%s\n' "$HTMX" "$TABLER" "$ICONS" "$AXE" >"$here/VERSIONS"
