"""The conventions of CSV tables: what is read, and what is refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.faults import UnreadableFile
from models.files import read
from models.instance import Instance
from tests.models.files.support import SMALL, faults, folder, found

PRIVATE = "commodity,quantity\nga,1\n"


@pytest.mark.parametrize(
    "content",
    [
        PRIVATE,
        "\ufeff" + PRIVATE,
        PRIVATE.replace("\n", "\r\n"),
        PRIVATE.replace("\n", "\r"),
        PRIVATE.rstrip(),
        "\n\n" + PRIVATE + "\n,\n  ,  \n",
        "quantity,commodity\n1,ga\n",
        " commodity , quantity \n ga , 1.0 \n",
        '"commodity","quantity"\n"ga","1"\n',
        "commodity,quantity,,\nga,1,,\n",
        "commodity;quantity\nga;1\n",
        "commodity;quantity\nga;1,0\n",
        "commodity;quantity\nga;1.0\n",
        "commodity;quantity\nga;,5\nga;0,5\n",
        "commodity\tquantity\nga\t1\n",
        "sep=;\ncommodity;quantity\nga;1\n",
        "SEP=,\r\ncommodity,quantity\r\nga,1\r\n",
        "commodity,quantity\nga,+1e0\n",
        "commodity,quantity\nga,.5\nga,0.5\n",
    ],
    ids=repr,
)
def test_ways_to_write_the_same_table(tmp_path: Path, content: str) -> None:
    instance = read(folder(tmp_path, private_stock=content))
    assert sum(row.quantity for row in instance.private_stock) == 1.0


def test_decimal_comma_in_lists_and_yearly_columns(tmp_path: Path) -> None:
    commodities = (
        "id;name;material;stage;price;price[2027];price[2028];price[2029];price[2030];stowage\n"
        "ore;liquor;gallium;ore;100;;;;;\n"
        "ga;gallium;gallium;refined;;5000,5;5100,25;5200;5300;2,0\n"
        "ge;germanium;germanium;refined;1500;;;;;\n"
    )
    projects = SMALL.projects[0].model_copy(update={"ramp": (0.5, 1.0)})
    agreements = (
        "id;supplier;country;commodity;term_years;volume.max;price.kind;price.value;ramp\n"
        'ga-off;An offtake;AUS;ga;2,5;8;fixed;6,5;"0,5;1"\n'
    )
    instance = read(folder(tmp_path, commodities=commodities, agreements=agreements))
    assert instance.commodities[1].price == (5000.5, 5100.25, 5200.0, 5300.0)
    assert instance.commodities[1].stowage == 2.0
    assert instance.agreements[0].ramp == projects.ramp
    assert instance.agreements[0].term_years == 2.5


@pytest.mark.parametrize(
    "numbers",
    [
        ["1,234"],  # 1.234 or 1234?
        ["1.234"],
        ["12,345", "7"],
        ["1.5", "2,5"],  # one of them is not what it seems
        ["1.234,5"],  # thousands separators are never read
        ["1,234.5"],
    ],
)
def test_where_a_decimal_mark_cannot_be_told_numbers_are_refused(tmp_path: Path, numbers: list[str]) -> None:
    rows = "".join(f"ga;{number}\n" for number in numbers)
    for fault in faults(folder(tmp_path, private_stock="commodity;quantity\n" + rows)):
        assert (fault.table, fault.field) == ("private_stock", "quantity")
        assert "like 1234.5" in fault.allowed


@pytest.mark.parametrize(
    ("numbers", "total"),
    [
        (["1,234", "0,5"], 1.734),
        (["1.234", "0.5"], 1.734),
        (["0,125"], 0.125),
        (["1234"], 1234.0),
        (["1,2345"], 1.2345),
    ],
)
def test_one_clear_number_tells_the_mark_of_all(tmp_path: Path, numbers: list[str], total: float) -> None:
    rows = "".join(f"ga;{number}\n" for number in numbers)
    instance = read(folder(tmp_path, private_stock="commodity;quantity\n" + rows))
    assert sum(row.quantity for row in instance.private_stock) == pytest.approx(total)


@pytest.mark.parametrize(
    "number", ["1,5", "1 000", "1_000", "0x10", "NaN", "inf", "1e", "--1", "1.2.3", "1%", "1e400", "9" * 5000]
)
def test_what_is_not_a_number(tmp_path: Path, number: str) -> None:
    path = folder(tmp_path, private_stock=f'commodity,quantity\nge,1\n\nga,"{number}"\n')
    assert found(path) == [("private_stock", "2", "quantity", "private_stock.csv, line 4")]


@pytest.mark.parametrize("word", ["true", "TRUE", "True", " true "])
def test_truth_values(tmp_path: Path, word: str) -> None:
    path = folder(tmp_path, depots=f"id,country,capacity,optional\nyard,USA,100,\nvault,AUS,50,{word}\n")
    assert read(path) == SMALL


def test_lines_count_from_the_file_also_after_cells_of_several_lines(tmp_path: Path) -> None:
    content = 'sep=,\nid,name,group\nUSA,"United\nStates",domestic\nAUS,Australia,ally\nCHN,China,\n'
    assert found(folder(tmp_path, countries=content)) == [
        ("countries", "USA", "name", "countries.csv, line 3"),
        ("countries", "CHN", "group", "countries.csv, line 6"),
        # Which groups there are cannot be told while one is missing.
    ]


def test_faults_name_the_file_of_the_nested_row(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        spot__tiers="spot,quantity,premium\nga-spot,2,0.05\nga-spot,4,-2\n",
        industries__needs="industry,commodity,quantity\nchips,ga,3\nchips,tin,1\n",
        scenarios__events__effects="scenario,event,kind,factor,countries\nban,e,supply,0,\n\nban,f,supply,0,CHN;CHM\n",
    )
    assert found(path) == [
        ("spot", "ga-spot", "tiers[2].premium", "spot.tiers.csv, line 3"),
        ("industries", "chips", "needs[tin]", "industries.needs.csv, line 3"),
        ("scenarios", "ban", "events[f].effects[1].countries[2]", "scenarios.events.effects.csv, line 4"),
    ]


HEADERS = [
    ("commodity,quantity,colour\nga,1,red\n", "colour", "a column of this table; one of commodity, quantity"),
    ("commodity,qantity,quantity\nga,,1\n", "qantity", "did you mean 'quantity'?"),
    ("commodity,quantity,quantity\nga,1,1\n", "quantity", "each column once"),
    ("commodity,quantity,\nga,1,x\n", "", "a name for column 3"),
    ("commodity,quantity,quantity[2027]\nga,1,\n", "quantity[2027]", "it does not change over the years"),
]


@pytest.mark.parametrize(("content", "field", "allowed"), HEADERS)
def test_headers(tmp_path: Path, content: str, field: str, allowed: str) -> None:
    (fault,) = faults(folder(tmp_path, private_stock=content))
    assert (fault.table, fault.row, fault.field) == ("private_stock", "", field)
    assert allowed in fault.allowed
    assert fault.place == "private_stock.csv, line 1"


def market(*rows: str, columns: str = "quantity[2027],quantity[2028],quantity[2029],quantity[2030]") -> str:
    return "\n".join([f"commodity,country,quantity,{columns}", *rows, ""])


def test_yearly_columns_beside_the_plain_one(tmp_path: Path) -> None:
    path = folder(tmp_path, market=market("ga,CHN,16,,,,", "ge,AUS,,1,2,3,4"))
    assert [row.quantity for row in read(path).market] == [16.0, (1.0, 2.0, 3.0, 4.0)]


def test_yearly_columns_in_any_order(tmp_path: Path) -> None:
    columns = "quantity[2030],quantity[2028],quantity[2027.0],quantity[ 2029 ]"
    path = folder(tmp_path, market=market("ga,CHN,,4,2,1,3", columns=columns))
    assert read(path).market[0].quantity == (1.0, 2.0, 3.0, 4.0)


@pytest.mark.parametrize(
    ("content", "row", "field", "allowed"),
    [
        (market("ga,CHN,16,1,2,3,4"), "1", "quantity", "not both"),
        (market("ga,CHN,16,,2,,"), "1", "quantity", "not both"),
        (market("ge,AUS,8,,,,", "ga,CHN,,1,2,,4"), "2", "quantity[2029]", "every year is filled, or none"),
        (
            market("ga,CHN,,1,2", columns="quantity[2027],quantity[2028]"),
            "1",
            "quantity",
            "one per period: 4",
        ),
        (market("ga,CHN,5,", columns="quantity[2031]"), "", "quantity[2031]", "2027, 2028, 2029, 2030"),
        (
            market("ga,CHN,5,", columns="quantity[first]"),
            "",
            "quantity[first]",
            "a year in which a period begins",
        ),
        (
            market("ga,CHN,5,,", columns="quantity[2027],quantity[2027.0]"),
            "",
            "quantity[2027.0]",
            "each year once",
        ),
        (market("ga,CHN,,1,2,x,4"), "1", "quantity", "one number per period"),
        (market("ga,CHN,5,,,,,9"), "1", "", "at most 7 cells"),
    ],
)
def test_yearly_columns_refused(tmp_path: Path, content: str, row: str, field: str, allowed: str) -> None:
    (fault,) = faults(folder(tmp_path, market=content))
    assert (fault.table, fault.row, fault.field) == ("market", row, field)
    assert allowed in fault.allowed


def test_years_where_periods_are_not_years(tmp_path: Path) -> None:
    head = "schema_version: '1'\nname: half\nhorizon: {start_year: 2027, periods: 3, period_years: 0.5}\n"
    path = folder(tmp_path)
    for file in path.iterdir():
        file.unlink()
    (path / "instance.yaml").write_text(head)
    (path / "commodities.csv").write_text(
        "id,name,material,stage,price[2027],price[2027.5],price[2028]\nga,ga,ga,metal,1,2,3\n"
    )
    assert read(path).commodities[0].price == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("name", "content", "row", "field", "allowed"),
    [
        (
            "spot__tiers",
            "spot,quantity,premium\nga-spot,2,0\nga-spt,4,0\n",
            "2",
            "spot",
            "did you mean 'ga-spot'?",
        ),
        ("spot__tiers", "spot,quantity,premium\nga-spot,2,0\n,4,0\n", "2", "spot", "spot of a row of spot"),
        (
            "industries__needs",
            "industry,commodity,quantity\nchips,ga,1\nchips,ga,2\n",
            "2",
            "commodity",
            "once",
        ),
        ("industries__needs", "industry,commodity,quantity\nchips,ga,\n", "1", "quantity", "must be given"),
        (
            "industries__needs",
            "industry,commodity,quantity\nchips,ga,1\nchips,,1\n",
            "2",
            "commodity",
            "an id",
        ),
        (
            "scenarios__events__effects",
            "scenario,event,kind,factor\nban,e,supply,0\nban,g,supply,0\nshort ban,e,supply,0\n",
            *("2", "event", "scenario and event of a row of scenarios.events"),
        ),
    ],
)
def test_rows_that_belong_to_nothing(
    tmp_path: Path, name: str, content: str, row: str, field: str, allowed: str
) -> None:
    (fault,) = faults(folder(tmp_path, **{name: content}))
    assert (fault.table, fault.row, fault.field) == (name.replace("__", "."), row, field)
    assert allowed in fault.allowed


def test_a_nested_table_without_its_key(tmp_path: Path) -> None:
    assert found(folder(tmp_path, spot__tiers="spt,quantity,premium\nga-spot,2,0\n")) == [
        ("spot.tiers", "", "spt", "spot.tiers.csv, line 1"),
        ("spot.tiers", "", "spot", "spot.tiers.csv"),
        ("spot", "ga-spot", "tiers", "spot.csv, line 2"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n \n,\n", "is empty"),
        (b"commodity,quantity\nga,\xff\n", "not UTF-8 text (byte 0xff in line 2)"),
        ("commodity,quantity\nga,1\n".encode("utf-16"), "UTF-16"),
        (b"commodity,quantity\nga\0,1\n", "NUL byte in line 2"),
        (b"PK\x03\x04....", "a workbook or zip archive"),
        (b'commodity,quantity\n"ga,1\n', "line 2: unexpected end of data"),
        (b'commodity,quantity\n"g"a,1\n', "line 2: ',' expected after '\"'"),
        (b"commodity,quantity\n" + b"x" * 2_000_000 + b",1\n", "field larger than field limit"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_unreadable_tables(tmp_path: Path, content: bytes, words: str) -> None:
    path = folder(tmp_path, private_stock=content)
    with pytest.raises(UnreadableFile) as caught:
        read(path)
    assert "private_stock.csv" in str(caught.value)
    assert words in str(caught.value)


def test_all_unreadable_tables_in_one_answer(tmp_path: Path) -> None:
    path = folder(tmp_path, private_stock=b"\xff", market=b"", **{"instance.yaml": b"a: b: c"})
    with pytest.raises(UnreadableFile) as caught:
        read(path)
    assert all(name in str(caught.value) for name in ("private_stock.csv", "market.csv", "instance.yaml"))


def test_cells_with_apostrophes_written_by_hand(tmp_path: Path) -> None:
    content = "id,name,group\nUSA,'tis,domestic\nAUS,'=x,ally\nCHN,''=x,adversary\n"
    names = [c.name for c in read(folder(tmp_path, countries=content)).countries]
    assert names == ["'tis", "=x", "'=x"]


def test_nothing_written_starts_a_formula(tmp_path: Path) -> None:
    raw = SMALL.as_dict()
    raw["countries"][0]["name"] = "=HYPERLINK(1)"
    raw["choices"][0]["id"] = "@one"
    from models.files import write

    write(Instance.parse(raw), tmp_path)
    assert "'=HYPERLINK(1)" in (tmp_path / "countries.csv").read_text()
    cells = [
        cell
        for file in tmp_path.glob("*.csv")
        for line in file.read_text().split("\n")
        for cell in line.split(",")
    ]
    assert not [cell for cell in cells if cell[:1] in "=+@" and cell]
