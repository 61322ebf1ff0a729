#!/bin/sh
# `cargo xtask serve` answers while the engine for graphics cards is being built, and has it afterwards.
#
#   sh tests/serve.sh [PORT]
#
# The engine's build is played by a stand-in: it takes the lock that cargo would take, and lets go of it only after the page
# has answered. Everything else is real, so the page is built first if it was not.
set -eu
cd "$(dirname "$0")/.."
port=${1:-8097}
work=$(mktemp -d)
target=${CARGO_TARGET_DIR:-target}
tools=${XDG_CACHE_HOME:-$HOME/.cache}/spiking-playground
# xtask looks for programs in this cache before it does elsewhere.
mkdir -p "$work/cache/spiking-playground/bin"
bin=$work/cache/spiking-playground/bin
if [ -d "$tools/bin" ]; then ln -s "$tools/bin/"* "$bin/"; fi
rm -f "$bin/cargo" "$bin/wasm-bindgen"
real_cargo=$(command -v cargo)
real_bindgen=$(PATH="$tools/bin:$PATH" command -v wasm-bindgen)

cat > "$bin/cargo" <<STANDIN
#!/bin/sh
case " \$* " in
  *" --bin engine_gpu "*) ;;
  *" shards --dataset "*) if [ -d www/shards ]; then exit 0; fi; exec "$real_cargo" "\$@" ;;
  *) exec "$real_cargo" "\$@" ;;
esac
folder=\${CARGO_TARGET_DIR:-target}
while [ \$# -gt 0 ]; do
  if [ "\$1" = --target-dir ]; then folder=\$2; fi
  shift
done
mkdir -p "\$folder/wasm32-unknown-unknown/web"
exec flock "\$folder/wasm32-unknown-unknown/web/.cargo-lock" sh -c '
  touch "$work/building"
  until [ -e "$work/answered" ]; do sleep 0.2; done'
STANDIN
cat > "$bin/wasm-bindgen" <<STANDIN
#!/bin/sh
case " \$* " in *" --out-name engine_gpu "*) ;; *) exec "$real_bindgen" "\$@" ;; esac
while [ \$# -gt 0 ]; do
  if [ "\$1" = --out-dir ]; then folder=\$2; fi
  shift
done
mkdir -p "\$folder"
echo '"stand-in"' > "\$folder/engine_gpu.js"
echo stand-in > "\$folder/engine_gpu_bg.wasm"
STANDIN
chmod +x "$bin/cargo" "$bin/wasm-bindgen"

# The stand-in must not stay, neither as an engine nor in the page.
engine=$target/engine_gpu
if [ -d "$engine" ]; then mv "$engine" "$work/engine"; fi
if [ -d dist ]; then cp -R dist "$work/dist"; fi
end() {
  kill "$server" 2> /dev/null || true
  wait "$server" 2> /dev/null || true
  rm -rf "$engine" "$engine.new"
  if [ -d "$work/engine" ]; then mv "$work/engine" "$engine"; fi
  rm -rf dist
  if [ -d "$work/dist" ]; then mv "$work/dist" dist; fi
  rm -rf "$work"
}
fail() {
  echo "FAILED  $1" >&2
  tail -n 40 "$work/log" >&2
  exit 1
}
# Until $2 … succeeds, while the server lives; at most ten minutes.
until_it() {
  what=$1
  shift
  tries=0
  until "$@"; do
    kill -0 "$server" 2> /dev/null || fail "the server ended before $what"
    tries=$((tries + 1))
    [ "$tries" -lt 1200 ] || fail "waited for $what"
    sleep 0.5
  done
}
page() { curl --silent --fail "http://127.0.0.1:$port/" > "$work/page"; }
build_path() { grep -o 'parts/[0-9a-f]*/build.js' "$work/page"; }
build() { page && curl --silent --fail "http://127.0.0.1:$port/$(build_path)" > "$work/build"; }
engine_path() { grep -o 'programs/[0-9a-f]*/engine_gpu' "$work/build"; }
served() { build && engine_path > /dev/null && curl --silent --fail --output /dev/null "http://127.0.0.1:$port/$(engine_path)_loader.js"; }

# A group of its own, so that what it starts ends with it.
XDG_CACHE_HOME=$work/cache setsid sh -c 'trap "kill 0" TERM; cargo xtask serve --port "$0" & wait' "$port" > "$work/log" 2>&1 &
server=$!
trap end EXIT
until_it "the engine's build" test -e "$work/building"
until_it "the page, while the engine is being built" build
if engine_path > /dev/null; then fail "the page has an engine before one was built"; fi
echo "ok      the page answers while the engine is being built"
touch "$work/answered"
until_it "the engine in the page" served
echo "ok      afterwards it has the engine"
