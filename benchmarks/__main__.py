"""``python -m benchmarks``: one table of ratios to the best peer, as text, JSON and chart.

OpenCV 4 and 5 share one import name, so the second is measured by a second interpreter that this command sets
up by itself (``--peer-python`` names a ready one) and whose rows are merged into the same table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import SUBJECTS
from .charts import best_peers, condition, draw, sizes

ROOT = Path(__file__).parents[1]
PEER_REQUIREMENT = "opencv-contrib-python-headless>=4.12,<5"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--size", nargs="+", default=["512", "1080p", "4K"], choices=["512", "1080p", "4K"])
    parser.add_argument("--subject", nargs="+", default=list(SUBJECTS), choices=SUBJECTS)
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument(
        "--level", choices=["baseline", "avx2", "avx512"], help="instruction-set level, peers too"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.4, help="for each pair")
    parser.add_argument("--peer-python", help="interpreter of an environment that holds the other OpenCV")
    parser.add_argument(
        "--alone", action="store_true", help="measure against the OpenCV of this environment only"
    )
    parser.add_argument("-o", "--output", type=Path, help="folder for a .json, .md and .svg of each subject")
    parser.add_argument("--json", type=Path, help=argparse.SUPPRESS)  # where the second interpreter reports
    return parser.parse_args()


def restrict_opencv(level: str | None) -> None:
    """OpenCV reads these when it is imported: it must not use more of the processor than we do."""
    if level in ("baseline", "avx2"):
        disabled = "AVX512-SKX,AVX512-ICL" + (
            ",AVX2,FP16,AVX,SSE4_2,SSE4_1,SSSE3,POPCNT" if level == "baseline" else ""
        )
        os.environ["OPENCV_CPU_DISABLE"] = disabled
        os.environ["OPENCV_IPP"] = "avx2" if level == "avx2" else "disabled"


def hold_threads(count: int) -> None:
    """Peers on BLAS, OpenMP or Rayon read these when they are loaded: they get as many threads as we."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = str(count)


def rows(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from importlib import import_module

    import imgproc

    from . import harness, rivals

    if options.level:
        imgproc.set_cpu_level(options.level)
    imgproc.set_num_threads(options.threads)
    rivals.set_threads(options.threads)
    roof = harness.bandwidth()
    for subject in options.subject:
        for size in options.size:
            wanted = (
                c
                for c in import_module(f"benchmarks.{subject}").cases(size)
                if options.only in c.name and c.rivals
            )
            for case, timings in harness.measure(wanted, options.seconds):
                for rival, timing in timings.items():
                    ours = min(timing.ours)
                    yield {
                        "subject": subject,
                        "case": case.name,
                        "size": case.size,
                        "rival": rival,
                        "ours_ms": ours,
                        "rival_ms": min(timing.rival),
                        "ratio": timing.ratio,
                        "median_ratio": timing.median_ratio,
                        "mpix_per_s": case.pixels / ours / 1e3,
                        "roofline": case.moved / (ours * 1e-3) / roof,
                        "level": imgproc.get_cpu_level(),
                        "threads": options.threads,
                    }


def machine() -> dict[str, str]:
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    return {
        "processor": name,
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
    }


def peer_rows(options: argparse.Namespace) -> dict[str, Any]:
    """The same cases in an environment with the other OpenCV, our package taken from this one."""
    import imgproc

    python = options.peer_python
    if python is None:
        folder = ROOT / "build" / "peer-opencv4"
        python = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
        if not Path(python).exists():
            print(f"setting up a second environment with {PEER_REQUIREMENT}", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            subprocess.run(
                [python, "-m", "pip", "install", "-q", PEER_REQUIREMENT, "pillow", "numpy"], check=True
            )
    with tempfile.TemporaryDirectory() as folder_name:
        package = Path(folder_name) / "imgproc"
        package.symlink_to(Path(imgproc.__file__).parent, target_is_directory=True)
        answer = Path(folder_name) / "rows.json"
        command = [python, "-m", "benchmarks", "--alone", "--json", str(answer)]
        command += ["--seconds", str(options.seconds)]
        command += ["--threads", str(options.threads), "--only", options.only, "--size", *options.size]
        command += ["--subject", *options.subject, *(["--level", options.level] if options.level else [])]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([folder_name, str(ROOT)])}
        subprocess.run(command, check=True, env=environment, cwd=folder_name, stdout=subprocess.DEVNULL)
        result: dict[str, Any] = json.loads(answer.read_text("utf-8"))
        return result


def print_table(found: list[dict[str, Any]]) -> None:
    head = f"{'case':<44}{'size':>6}  {'peer':<22}{'ours ms':>9}{'peer ms':>9}{'ratio':>8}{'median':>8}"
    head += f"{'MPix/s':>8}{'roof':>6}"
    print(head + "\n" + "-" * len(head))
    for row in found:
        print(
            f"{row['case']:<44}{row['size']:>6}  {row['rival']:<22}{row['ours_ms']:>9.3f}{row['rival_ms']:>9.3f} "
            f"{row['ratio']:>6.2f}x{row['median_ratio']:>7.2f}x{row['mpix_per_s']:>8.0f}{row['roofline']:>6.0%}",
            flush=True,
        )


def markdown(report: dict[str, Any]) -> str:
    """Ratio to the fastest peer at each size, and our time at the largest."""
    best = best_peers(report)
    columns = sizes(best)
    lines = [
        f"| case | {' | '.join(columns)} | ours, {columns[-1]} | MPix/s | fastest peer, {columns[-1]} |",
        "| --- |" + " --- |" * (len(columns) + 3),
    ]
    for case in dict.fromkeys(key[0] for key in best):
        ratios = [f"{best[case, size]['ratio']:.2f}×" if (case, size) in best else "–" for size in columns]
        last = next(best[case, size] for size in columns[::-1] if (case, size) in best)
        smaller = "" if last["size"] == columns[-1] else f" at {last['size']}"
        lines.append(
            f"| {case} | {' | '.join(ratios)} | {last['ours_ms']:.2f} ms{smaller} | {last['mpix_per_s']:.0f} "
            f"| {last['rival']}, {last['rival_ms']:.2f} ms |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    options = arguments()
    restrict_opencv(options.level)
    hold_threads(options.threads)
    from . import rivals

    found = list(rows(options))
    versions = rivals.versions()
    if not options.alone:
        other = peer_rows(options)
        found += [row for row in other["rows"] if row["rival"].startswith("opencv")]
        versions["cv2 (second environment)"] = other["versions"]["cv2"]
    order = {(row["case"], row["size"]): number for number, row in reversed(list(enumerate(found)))}
    found.sort(key=lambda row: order[row["case"], row["size"]])
    report = {"machine": machine(), "versions": versions, "rows": found}
    print_table(found)
    print(", ".join(f"{name} {version}" for name, version in versions.items()), "·", machine()["processor"])
    if options.json:
        options.json.write_text(json.dumps(report), "utf-8")
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
        for subject in dict.fromkeys(row["subject"] for row in found):
            part = report | {"rows": [row for row in found if row["subject"] == subject]}
            text = json.dumps(part, indent=1) + "\n"
            (options.output / f"{subject}.json").write_text(text, "utf-8")
            (options.output / f"{subject}.md").write_text(markdown(part), "utf-8")
            largest = sizes(best_peers(part))[-1]
            title = f"{subject.capitalize()}: times as fast as the fastest peer, {largest}"
            rows_of_size = [row for (_, size), row in best_peers(part).items() if size == largest]
            draw(rows_of_size, f"{title}\n{condition(part)}", options.output / f"{subject}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
