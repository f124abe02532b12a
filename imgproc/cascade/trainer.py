"""The stages of a training, one by one: positives and negatives that reach it, boosting, threshold, judgement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from .._core.errors import Got, wrong_value
from .._core.images import Array
from .boosting import Samples, StageBooster
from .checkpoints import FUNCTION
from .growing import GrownStage, flat_windows, grown_cascade, lowered_threshold, open_cascade, passing
from .haar import FeatureSet
from .model import Cascade
from .negatives import KEY, LADDER, Miner, Searched
from .records import Progress, StageRecord
from .validation import Validation

PATIENCE = 2
"""Stages in a row that do not improve on the validation part before the training ends without them."""

HARDEST = 24
"""Negatives that the record shows."""

_BLOCK = 8192


@dataclass(frozen=True)
class Targets:
    """What each stage and the whole are to reach."""

    stages: int
    min_detection_rate: float
    max_false_alarm: float
    target_false_alarm: float
    max_stumps: int
    positives: int
    negatives: int

    @property
    def least_negatives(self) -> int:
        """With fewer a stage would learn them by heart."""
        return max(10, self.negatives // 20)


class Trainer:
    """Grows a cascade stage by stage.

    Parameters
    ----------
    features, booster options
        What stumps are made of, and how.
    positives : (N, height, width) array of uint8
        Windows in the order in which they are used: the plain ones first, then copies that replace those rejected.
    """

    def __init__(
        self,
        features: FeatureSet,
        positives: Array,
        miner: Miner,
        validation: Validation | None,
        targets: Targets,
        *,
        boosting: dict[str, Any],
        report: Callable[[Progress], None] | None,
    ) -> None:
        self.features = features
        self.positives = positives
        self.miner = miner
        self.validation = validation
        self.targets = targets
        self.boosting = boosting
        self.report = report
        self.order = np.flatnonzero(~flat_windows(features, positives))
        """Positives that the detector can find at all."""
        if not len(self.order):
            raise wrong_value(
                FUNCTION,
                "positives",
                "windows of more contrast than the detector passes over, a standard deviation of 10 gray levels",
                Got(f"{len(positives):,} flatter ones"),
            )
        self.stages: list[GrownStage] = []
        self.records: list[StageRecord] = []
        self.chosen = self.order[: targets.positives]
        self.next_positive = len(self.chosen)
        self.kept = np.empty(0, KEY)
        self.hard: list[tuple[Array, Array]] = []
        """Of each stage, the negatives with the most votes, and their margins."""
        self.booster: StageBooster | None = None
        self.fruitless = 0
        """Newest stages in a row that did not improve."""
        self.reason = ""
        self.started = perf_counter()
        self.passed_before = 1.0
        self.searched = Searched(0, 0, 0, 0)

    @property
    def cascade(self) -> Cascade:
        """The stages so far; before the first, one through which everything passes."""
        return grown_cascade(self.features, self.stages) if self.stages else open_cascade(self.features)

    def run(self, save: Callable[[], None]) -> None:
        """Train until there is a reason to stop; ``save`` is called after every stage."""
        while not self.reason:
            if len(self.stages) >= self.targets.stages:
                count = self.targets.stages
                self.reason = f"all {count} stages are trained" if count > 1 else "its one stage is trained"
                break
            start = perf_counter()
            replaced = self._replace_positives()
            keys, negatives, mined = self._gather_negatives()
            self.reason = self._reason_before(len(keys))
            if self.reason:
                break
            boosted = self._boost(negatives, replaced, mined)
            if boosted is None:
                self.reason = self._reason_without_stumps()
                break
            stage, margins, record = boosted
            before = self.cascade
            detection, alarm = None, None
            if self.validation is not None:
                self._tell("validating", len(stage.features), record.detection_rate, record.false_alarm)
                detection, alarm = self.validation.judge(before, self.stages, stage)
            order = np.argsort(-margins[len(self.chosen) :], kind="stable")[:HARDEST]
            self.hard.append((keys[order], margins[len(self.chosen) :][order]))
            self.kept = keys[margins[len(self.chosen) :] >= 0]
            self.chosen = self.chosen[margins[: len(self.chosen)] >= 0]
            self.stages.append(stage)
            record = replace(
                record,
                validation_detection=detection,
                validation_false_alarm=alarm,
                seconds=round(perf_counter() - start, 3),
            )
            self.records.append(record)
            self.reason = self._reason_after(stage, record)
            save()
            self._tell("stage done", record.stumps, record.detection_rate, record.false_alarm)

    def _replace_positives(self) -> int:
        """Fill the places of rejected positives with unused ones that pass the stages so far."""
        before = len(self.chosen)
        while len(self.chosen) < self.targets.positives and self.next_positive < len(self.order):
            block = self.order[self.next_positive : self.next_positive + _BLOCK]
            pass_all = passing(self.features, self.stages, self.positives[block])
            room = self.targets.positives - len(self.chosen)
            taken = np.flatnonzero(pass_all)[:room]
            self.next_positive += int(taken[-1]) + 1 if len(taken) == room else len(block)
            self.chosen = np.concatenate([self.chosen, block[taken]])
        return len(self.chosen) - before

    def _gather_negatives(self) -> tuple[Array, Array, int]:
        self._tell("mining", 0, 1.0, 1.0)

        def still(windows: Array) -> Array:
            stage = self.stages[-1]
            return stage.votes(self.features, Samples(windows)) >= stage.limit

        wanted = self.targets.negatives - len(self.kept)
        keys, windows, self.searched = self.miner.mine(self.cascade, wanted, self.kept, still)
        if self.searched.scanned:
            self.passed_before = self.searched.passed / self.searched.scanned
        every = np.concatenate([self.kept, keys])
        return every, np.concatenate([self.miner.cut(self.kept), windows]), len(keys)

    def _reason_before(self, negatives: int) -> str:
        """Why no stage follows those there are, now that its negatives are known."""
        searched = self.searched
        told = f"the cascade passes {searched.passed:,} of {searched.scanned:,} windows of the negatives"
        if self.stages and self.passed_before <= self.targets.target_false_alarm:
            return f"target reached: {told}"
        if negatives < self.targets.least_negatives:
            if not searched.scanned:
                raise wrong_value(
                    FUNCTION,
                    "negatives",
                    "at least one image that can be read and is as large as the window",
                    Got("none" + _first(self.miner)),
                )
            where = " at all sizes, views and steps" if searched.rungs == len(LADDER) else ""
            return f"no negatives left: {told}{where}"
        return ""

    def _boost(
        self, negatives: Array, replaced: int, mined: int
    ) -> tuple[GrownStage, Array, StageRecord] | None:
        """A stage, and by how much its positives and negatives pass it; None where no feature tells them apart."""
        windows = np.concatenate([self.positives[self.chosen], negatives])
        is_object = np.arange(len(windows)) < len(self.chosen)
        self._tell("computing features", 0, 1.0, 1.0)
        booster = self._booster(Samples(windows), is_object)
        stumps: list[Any] = []
        while True:
            stump = booster.next_stump()
            if stump is None and not stumps:
                return None
            if stump is None:
                break
            stumps.append(stump)
            threshold = lowered_threshold(booster.votes[is_object], self.targets.min_detection_rate)
            stage = GrownStage.of(stumps, threshold, self.features.kind == "lbp")
            pass_stage = booster.votes >= stage.limit
            found = float(pass_stage[is_object].mean())
            alarm = float(pass_stage[~is_object].mean())
            self._tell("boosting", len(stumps), found, alarm)
            if alarm <= self.targets.max_false_alarm or len(stumps) >= self.targets.max_stumps:
                break
        return (
            stage,
            booster.votes - stage.limit,
            StageRecord(
                stumps=len(stumps),
                detection_rate=found,
                false_alarm=alarm,
                positives=len(self.chosen),
                replaced=replaced,
                negatives=len(negatives),
                mined=mined,
                windows_scanned=self.searched.scanned,
                windows_passed=self.searched.passed,
                rungs=self.searched.rungs,
                validation_detection=None,
                validation_false_alarm=None,
                seconds=0.0,
            ),
        )

    def _booster(self, samples: Samples, is_object: Array) -> StageBooster:
        """A new one, in the memory of the one before."""
        try:
            self.booster = StageBooster(
                self.features, samples, is_object, after=self.booster, **self.boosting
            )
        except ValueError as error:
            least = str(error).partition("memory_budget must be ")[2]
            if not least:
                raise
            raise ValueError(f"{FUNCTION}: memory must leave the boosting {least}") from None
        return self.booster

    def _reason_without_stumps(self) -> str:
        if not self.stages:
            got = Got("windows that no feature tells apart")
            raise wrong_value(FUNCTION, "positives", "other than the negatives", got)
        return f"no feature tells the positives of stage {len(self.stages) + 1} from its negatives"

    def _reason_after(self, stage: GrownStage, record: StageRecord) -> str:
        """Why no stage follows this one."""
        if self.validation is not None and (improved := self.validation.improved(stage.limit)) is not None:
            self.fruitless = 0 if improved else self.fruitless + 1
            if self.fruitless == PATIENCE:
                self._drop(PATIENCE)
                return (
                    f"validation no longer improves: {PATIENCE} more stages did no better there than a higher "
                    "threshold, and are left out"
                )
        useless = (1 + self.targets.max_false_alarm) / 2
        if record.false_alarm > useless:
            number = len(self.stages)
            self._drop(1 if number > 1 else 0)
            return (
                f"stumps limit: stage {number} still passes {record.false_alarm:.0%} of its negatives after "
                f"{record.stumps} stumps{', and is left out' if number > 1 else ''}"
            )
        return ""

    def _drop(self, count: int) -> None:
        if count:
            del self.stages[-count:], self.records[-count:], self.hard[-count:]
            if self.validation is not None:
                self.validation.drop(count)

    def _tell(self, phase: str, stumps: int, detection: float, alarm: float) -> None:
        if self.report is None:
            return
        left = None
        if self.records:
            left = (self.targets.stages - len(self.records)) * self.records[-1].seconds
        self.report(
            Progress(
                stage=min(len(self.stages) + (phase != "stage done"), self.targets.stages),
                stages=self.targets.stages,
                phase=phase,
                stumps=stumps,
                detection_rate=detection,
                false_alarm=alarm,
                overall_false_alarm=self.passed_before,
                seconds=perf_counter() - self.started,
                seconds_left=left,
            )
        )

    def hardest(self) -> tuple[Array, list[dict[str, Any]]]:
        """Negatives of the last stage with the most votes, and where they are from."""
        names = self.miner.pictures.names
        keys, margins = self.hard[-1]
        told = [
            {"image": names[image], "margin": round(margin, 4)}
            for image, margin in zip(keys["image"].tolist(), margins.tolist(), strict=True)
        ]
        return self.miner.cut(keys), told

    def state(self) -> dict[str, Any]:
        """All that a checkpoint must hold to go on as if nothing had happened."""
        state: dict[str, Any] = {
            "records": [asdict(record) for record in self.records],
            "chosen": self.chosen,
            "next_positive": self.next_positive,
            "kept": self.kept,
            "fruitless": self.fruitless,
            "searched": asdict(self.searched),
            "reason": self.reason,
        }
        for number, stage in enumerate(self.stages):
            for name in ("features", "thresholds", "subsets", "leaves"):
                state[f"stage_{number}_{name}"] = getattr(stage, name)
            state[f"stage_{number}_threshold"] = np.array(stage.threshold)
            state[f"stage_{number}_hard"], state[f"stage_{number}_margins"] = self.hard[number]
        for name, part in self._parts().items():
            state |= {f"{name}_{key}": value for key, value in part.state().items()}
        return state

    def _parts(self) -> dict[str, Any]:
        """What has a state of its own."""
        if self.validation is None:
            return {"miner": self.miner}
        return {"miner": self.miner, "judge": self.validation, "judging": self.validation.miner}

    def restore(self, state: dict[str, Any]) -> None:
        """What `state` gave."""
        self.records = [StageRecord(**record) for record in state["records"]]
        self.chosen, self.next_positive, self.kept = state["chosen"], state["next_positive"], state["kept"]
        self.searched = Searched(**state["searched"])
        self.fruitless, self.reason = state["fruitless"], state["reason"]
        names = ("features", "thresholds", "subsets", "leaves", "threshold")
        for number in range(len(self.records)):
            parts = {name: state[f"stage_{number}_{name}"] for name in names}
            self.stages.append(GrownStage(**parts | {"threshold": np.float32(parts["threshold"])}))
            self.hard.append((state[f"stage_{number}_hard"], state[f"stage_{number}_margins"]))
        for name, part in self._parts().items():
            start = f"{name}_"
            part.restore(
                {key.removeprefix(start): value for key, value in state.items() if key.startswith(start)}
            )


def _first(miner: Miner) -> str:
    skipped = miner.pictures.left_out()
    return f"; {skipped[0][0]!r} cannot be read: {skipped[0][1]}" if skipped else ""
