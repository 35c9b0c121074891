# Short names for what is done often; `just` alone lists them. Each is one command of CONTRIBUTING.md: just (just.systems) is a convenience.

_default:
    @just --list --unsorted

# Run everything that must pass before a merge, as CI does without packaging
test:
    tests/run

# Run the Rust tests, of these files of tests/ or all: just rust login
rust *FILES:
    tests/run rust {{FILES}}

# Check everything but Rust and browser tests: formats, lints, links, docker-compose.yml, the pages with their unit tests
lint:
    tests/run format lints docs compose pages

# Run the browser tests, of these specs or all: just browser admit
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
