"""Colours that everyone can tell apart and read; names, numbers and axes."""

from __future__ import annotations

from itertools import combinations

import altair as alt
import numpy as np
import pandas as pd
import pytest

from optimizer.report import style

# Machado, Oliveira, Fernandes, A Physiologically-based Model for Simulation of Color Vision Deficiency, IEEE
# TVCG 15 (2009), severity 1.0, on linear RGB.
SEEN = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(TO_XYZ[1] @ linear(colour))


def contrast(one: str, two: str) -> float:
    """WCAG 2.2."""
    dark, light = sorted([luminance(one), luminance(two)])
    return (light + 0.05) / (dark + 0.05)


def lab(colour: str, seen: np.ndarray) -> np.ndarray:
    xyz = TO_XYZ @ np.clip(seen @ linear(colour), 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize(
    ("palette", "least"),
    [
        (style.STROKES, 15.0),
        (tuple(style.GROUPS.values()), 15.0),
        (tuple(dict.fromkeys(hue for _, hue in style.CATEGORIES.values())), 15.0),
    ],
    ids=["lines", "groups of countries", "categories"],
)
def test_colours_are_told_apart_with_any_colour_vision(
    palette: tuple[str, ...], least: float, seen: str
) -> None:
    # A difference of 2.3 in CIE Lab is just noticeable.
    apart = {
        pair: float(np.linalg.norm(lab(pair[0], SEEN[seen]) - lab(pair[1], SEEN[seen])))
        for pair in combinations(palette, 2)
    }
    assert min(apart.values()) >= least, min(apart, key=lambda pair: apart[pair])


def test_contrast_on_paper() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    for colour in style.STROKES:
        assert contrast(colour, style.PAPER) >= 3.0, "lines and points: WCAG 2.2, 1.4.11"
    for colour in (style.INK, style.QUIET):
        assert contrast(colour, style.PAPER) >= 4.5, "text: WCAG 2.2, 1.4.3"


def test_short_names_stay_apart() -> None:
    names = pd.Series(["antimony metal and trioxide", "natural flake, large", "natural flake, small", "tin"])
    assert list(style.short(names)) == [
        "antimony metal",
        "natural flake, large",
        "natural flake, small",
        "tin",
    ]


def test_the_rest_is_put_together_but_never_one_alone() -> None:
    totals = pd.Series({"a": 5.0, "b": 4.0, "c": 3.0, "d": 1.0})
    assert list(style.top(totals, 2, "others")) == ["a", "b", "2 others", "2 others"]
    assert list(style.top(totals, 3, "others")) == ["a", "b", "c", "d"]


def test_digits_keep_labels_apart() -> None:
    assert style.digits_for(0, 5e9) == 3
    # 178.3 to 178.8 m: a span of 0.5 in 178.8, so five digits tell 178.31 from 178.42.
    assert style.digits_for(178.3e6, 178.8e6) == 5
    assert style.digits_for(7.0, 7.0) == 3


def test_years_as_text() -> None:
    assert list(style.text_years(pd.Series([2027, 2030]))) == ["2027", "2030"]
    assert list(style.text_years(pd.Series([2027.0, 2027.5]))) == ["2027", "2027.5"]


def test_a_picture_beside_others_has_no_configuration_of_its_own() -> None:
    chart = style.styled(alt.Chart(pd.DataFrame({"x": [1]})).mark_point().encode(x="x:Q"), "One")
    assert "config" in chart.to_dict()
    assert alt.hconcat(style.bare(chart), style.bare(chart)).to_dict()["hconcat"]
