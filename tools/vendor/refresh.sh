#!/bin/sh
# `make vendor`: builds the vendored files from the versions pinned in package.json. Needs Node.js with npm, and Python.
# Run it when a template uses a new class of Tabler or a new icon (icons.txt); a test fails until then.
# To upgrade: change a version in package.json, run `npm install` beside it, then this script; check the pages, run the tests.
# htmx is pinned exactly, because "latest" differs between registries.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
vendor=$root/webapp/static/vendor
packages=$here/node_modules
python=${PYTHON:-python3}
for tool in node npm "$python"; do
    command -v "$tool" >/dev/null && continue
    echo "make vendor needs $tool, which is not installed (Debian: apt-get install nodejs npm python3)" >&2
    exit 1
done

# npm writes .package-lock.json last, so an interrupted installation is repeated.
if [ ! -e "$packages/.package-lock.json" ] || [ "$here/package-lock.json" -nt "$packages/.package-lock.json" ]; then
    (cd "$here" && npm ci --silent && touch "$packages/.package-lock.json")
fi

# Without the comment that names a source map: the map is not included, and browsers with an open inspector would request it.
without_map() { sed -e 's|//# sourceMappingURL=.*||' -e 's|/\*# sourceMappingURL=.*\*/||' "$1"; }

without_map "$packages/htmx.org/dist/htmx.min.js" >"$vendor/htmx.min.js"
without_map "$packages/htmx.org/dist/ext/hx-sse.min.js" >"$vendor/hx-sse.min.js"
# uPlot's small file is a script with a global variable. As an ES module it is loaded by history.js alone.
{ without_map "$packages/uplot/dist/uPlot.iife.min.js"; printf 'export default uPlot;\n'; } >"$vendor/uplot.min.js"
mkdir -p "$root/tests/vendor"
cp "$packages/axe-core/axe.min.js" "$packages/axe-core/LICENSE" "$root/tests/vendor/"

# Only the rules of Tabler that our pages use, for both writing directions. A test compares the used classes with the list of all
# classes of Tabler.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
without_map "$packages/@tabler/core/dist/css/tabler.min.css" >"$work/tabler.min.css"
without_map "$packages/@tabler/core/dist/css/tabler.rtl.min.css" >"$work/tabler.rtl.min.css"
"$python" "$here/classes.py" "$work/tabler.min.css" >"$work/used.json"
for sheet in tabler.min.css tabler.rtl.min.css; do
    node "$here/reduce.mjs" "$work/$sheet" <"$work/used.json" >"$vendor/$sheet"
done

# Icons become symbols of one inline sprite: base.html includes it, components/icons.html uses it.
sprite="$root/webapp/templates/components/sprite.html"
{
    printf '<svg class="d-none" aria-hidden="true" focusable="false">\n'
    for name in $(cat "$here/icons.txt"); do
        printf '<symbol id="icon-%s" viewBox="0 0 24 24">' "$name"
        sed -e '/<svg/,/>/d' -e '/<\/svg>/d' -e '/<!--/,/-->/d' "$packages/@tabler/icons/icons/outline/$name.svg" | tr -d '\n' | tr -s ' '
        printf '</symbol>\n'
    done
    printf '</svg>\n'
} >"$sprite"

# A test compares these sums with the files, so that no file is changed by hand.
cd "$root"
"$python" - webapp/static/vendor/*.css webapp/static/vendor/*.js tests/vendor/axe.min.js \
    webapp/templates/components/sprite.html >"$here/SHA256SUMS" <<'SUMS'
import hashlib, pathlib, sys
for name in sys.argv[1:]:
    print(f"{hashlib.sha256(pathlib.Path(name).read_bytes()).hexdigest()}  {name}")
SUMS
