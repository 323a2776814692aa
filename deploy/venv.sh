# Sourced by deploy/local and tests/run, which stand in the project's root: `prepare_venv` makes .venv and installs what
# it lacks, `prepare_venv tests` the test tools too.

find_python() {
    set -- python3 python3.13 python3.12 python3.11 python3.14
    [ -z "${PYTHON:-}" ] || set -- "$PYTHON"
    for candidate; do
        # Run, not just looked up: pyenv has a shim for each version, and most of them refuse to start.
        if "$candidate" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Nectar Router needs Python 3.11 or newer, with its venv module. Tried: $*" >&2
    echo "Install it (Debian and Ubuntu: apt install python3 python3-venv), or say where one is: PYTHON=... $0" >&2
    return 1
}

# once NAME STATE COMMAND...: runs the command, unless it was run to the end for this state and for none since.
# So a start with nothing to do asks neither pip nor the network, and one that was interrupted is made good by the next.
once() {
    record=.venv/$1.done state=$2
    shift 2
    [ "$(cat "$record" 2>/dev/null)" != "$state" ] || return 0
    rm -f "$record"
    "$@"
    printf '%s\n' "$state" >"$record"
}

make_venv() {
    echo "Making .venv with $1" >&2
    "$1" -m venv --clear .venv
}

install() {
    # Killed midway, pip takes half a package for a whole one: without this record the next start makes all anew.
    mv .venv/venv.done .venv/venv.unsure
    .venv/bin/python -m pip install -qq --no-input --disable-pip-version-check "$@"
    mv .venv/venv.unsure .venv/venv.done
}

install_project() {
    echo "Installing the project and what it needs into .venv" >&2
    # Without its last line, which installs a copy: here what is edited is what runs.
    grep -vx '[.]' requirements.txt >.venv/pins.txt
    install -r .venv/pins.txt -r deploy/requirements-dev.txt --editable .
}

install_test_tools() {
    echo "Installing the test tools into .venv" >&2
    install -r tests/requirements.txt
}

prepare_venv() ( # in a subshell, whose end lets go of the lock
    python=$(find_python)
    if command -v flock >/dev/null; then
        exec 9<requirements.txt
        flock --nonblock 9 || { echo "Waiting for another start to finish with .venv" >&2 && flock 9; }
    fi
    # The scripts in .venv/bin name the folder and the interpreter that they were made for.
    made_for=$("$python" -c 'import sys; print(sys.base_prefix, sys.version)')
    once venv "$PWD $made_for" make_venv "$python"
    once project "$(cat pyproject.toml requirements.txt deploy/requirements-dev.txt)" install_project
    [ "${1:-}" != tests ] || once tests "$(cat tests/requirements.txt)" install_test_tools
)
