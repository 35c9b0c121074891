# Short names for what is done often; `just` alone lists them. Each is one command of CONTRIBUTING.md: just (just.systems) is a convenience.

_default:
    @just --list --unsorted

# Run everything that must pass before a merge, as CI does without packaging
test:
    tests/run

# Run the Rust tests, of one file of tests/ or all: just rust login
rust *FILES:
    tests/run rust {{FILES}}

# Check formats, lints, documentation links, types and lints of the pages
lint:
    tests/run format lints docs pages

# Run the browser tests, of one spec or all: just browser admit
browser *SPECS:
    tests/run browser {{SPECS}}

# Run the chaos test over a range of seeds: just chaos 300-399
chaos RANGE="1-200":
    tests/chaos-seeds {{RANGE}}

# Run one benchmark, or a part of it: just bench cluster burst
bench NAME *PART:
    cargo bench --bench {{NAME}} -- {{PART}}

# Show Usher with a simulated cluster at http://127.0.0.1:8080
demo:
    cargo run --release -- demo

# Build what is shipped and check it, and the licences of all dependencies
release:
    tests/release
