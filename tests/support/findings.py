"""Reading what a check of `doctor` found."""

from collections.abc import Iterable

from cluster.doctor.finding import Finding, Level


def one(findings: Iterable[Finding]) -> Finding:
    (finding,) = findings
    assert bool(finding.cure) == (finding.level is not Level.OK)
    return finding
