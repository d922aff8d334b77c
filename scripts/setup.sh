# shellcheck shell=sh disable=SC2046,SC2086,SC2154 # lists of packages are meant to split
# Sourced by explore, check and .ci/run, which set `root`: `set_up EXTRAS` makes $root/.venv ready.
#
# The install is editable: what runs is always the checkout as it stands, and only a change of the
# dependencies (pyproject.toml, constraints.txt) asks for another install.

venv=$root/.venv

# What Qt loads, and the Debian package that has it; from libwayland on for a real screen only.
qt_libraries='
libEGL.so.1             libegl1
libGL.so.1              libgl1
libX11.so.6             libx11-6
libdbus-1.so.3          libdbus-1-3
libfontconfig.so.1      libfontconfig1
libfreetype.so.6        libfreetype6
libglib-2.0.so.0        libglib2.0-0
libxkbcommon.so.0       libxkbcommon0
libwayland-client.so.0  libwayland-client0
libwayland-cursor.so.0  libwayland-cursor0
libX11-xcb.so.1         libx11-xcb1
libxcb-cursor.so.0      libxcb-cursor0
libxcb-icccm.so.4       libxcb-icccm4
libxcb-image.so.0       libxcb-image0
libxcb-keysyms.so.1     libxcb-keysyms1
libxcb-randr.so.0       libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-render.so.0      libxcb-render0
libxcb-shape.so.0       libxcb-shape0
libxcb-shm.so.0         libxcb-shm0
libxcb-sync.so.1        libxcb-sync1
libxcb-util.so.1        libxcb-util1
libxcb-xfixes.so.0      libxcb-xfixes0
libxcb-xkb.so.1         libxcb-xkb1
libxkbcommon-x11.so.0   libxkbcommon-x11-0
'

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

set_up() { # EXTRAS, as in "test,dev"; none for the program alone
    if command -v apt-get >/dev/null; then
        install_packages $(missing_libraries) $(missing_python)
    fi
    if ! venv_is_ours; then
        make_venv
    fi
    wanted="$(cat "$root/pyproject.toml" "$root/constraints.txt" | cksum) $1"
    case $(cat "$venv/installed" 2>/dev/null) in
        "$wanted"*) ;; # what is installed may have more extras than wanted
        *)
            install_program "$1"
            echo "$wanted" >"$venv/installed"
            ;;
    esac
}

missing_libraries() { # the Debian packages to install for Qt
    loadable=$(/sbin/ldconfig -p)
    echo "$qt_libraries" | while read -r library package; do
        case $loadable in
            *"$library "*) ;;
            *) echo "$package" ;;
        esac
    done
    # Without any font the text of the window is boxes.
    find /usr/share/fonts /usr/local/share/fonts "${HOME:-/}/.fonts" "${HOME:-/}/.local/share/fonts" \
        -name '*.[ot]t[cf]' 2>/dev/null | grep -q . || echo fonts-inter
}

missing_python() { # the Debian packages to install before a virtual environment can be made
    if venv_is_ours; then
        return
    elif python=$(find_python); then
        "$python" -c 'import ensurepip' 2>/dev/null ||
            "$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
    elif ! command -v python3 >/dev/null; then
        echo python3 python3-venv
    fi
}

install_packages() {
    [ $# -gt 0 ] || return 0
    install="apt-get install --yes --no-install-recommends $*"
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        as_root=sudo
    else
        say "System packages are missing; please type: sudo $install"
        return 0
    fi
    say "Installing system packages: $*"
    $as_root apt-get update --quiet=2 </dev/null || true # an old list may still do
    $as_root env DEBIAN_FRONTEND=noninteractive $install --quiet=2 </dev/null >/dev/null ||
        say "That failed; please try: ${as_root:+sudo }$install"
}

find_python() { # the first interpreter that the pinned versions have wheels for
    for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

venv_is_ours() { # made here: its scripts hold absolute paths, so a folder that was moved needs a new one
    [ -x "$venv/bin/python" ] && [ "$(cat "$venv/made-at" 2>/dev/null)" = "$root" ]
}

make_venv() {
    python=$(find_python) ||
        fail "Sketch Explorer needs Python 3.11 to 3.14; install one, or say where it is: PYTHON=/path/to/python3 $0"
    say "Making $venv"
    "$python" -m venv --clear "$venv" || fail "$python could not make a virtual environment."
    echo "$root" >"$venv/made-at"
    if [ "$(uname)" = Linux ] && ! command -v nvidia-smi >/dev/null && [ -z "${PIP_EXTRA_INDEX_URL:-}" ]; then
        say "This downloads 2.9 GB. There seems to be no NVIDIA GPU here: 0.4 GB are enough with"
        say "    PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu $0"
    fi
}

install_program() { # EXTRAS
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-input \
        --constraint "$root/constraints.txt" --editable "$root${1:+[$1]}" ||
        fail "The installation failed; the lines above say why."
    # So that the first drawing need not wait for it; what fails here is tried again there.
    (cd "$root" && "$venv/bin/python" -c 'from core.generation import compile_steps; compile_steps()') ||
        say "The drawing code could not be compiled yet."
}
