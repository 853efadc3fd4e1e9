"""Benchmarks: one module each, with `run(ctx)`; `./dev bench` lists them. See `bench.context`."""
