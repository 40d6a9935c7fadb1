"""A figure beside its goal."""

from dataclasses import dataclass


@dataclass
class Figure:
    """What was measured: at least the goal is wanted, or at most where `most` is said."""

    what: str
    value: float
    goal: float
    unit: str
    detail: str
    most: bool = False

    def met(self) -> bool:
        return self.value <= self.goal if self.most else self.value >= self.goal

    def line(self) -> str:
        bound = "at most" if self.most else "at least"
        verdict = "ok" if self.met() else "MISSED"
        return f"{self.what:<52} {self.value:6.2f} {self.unit} ({bound} {self.goal:g}) {verdict}\n{'':52} {self.detail}"
