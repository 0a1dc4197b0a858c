"""Labelled images in their usual layouts are one set: the same names, labels and identity."""

from __future__ import annotations

import pytest

from zoodata.images import sets
from zoodata.images.sets import NoImages
from zoodata.records.image_set import identity


def picture(path, data=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_class_folders_are_numbered_in_the_order_of_their_names(tmp_path):
    for wnid, name in (("n02", "b.JPEG"), ("n01", "a.JPEG"), ("n01", "c.jpeg"), ("n10", "d.png")):
        picture(tmp_path / wnid / name)
    picture(tmp_path / "loose.jpg")
    image_set = sets.find(tmp_path)
    assert [(item.name, item.label) for item in image_set.items] == [
        ("n01/a.JPEG", 0), ("n01/c.jpeg", 0), ("n02/b.JPEG", 1), ("n10/d.png", 2)
    ]  # fmt: skip
    assert (image_set.layout, image_set.classes) == ("class folders", 3)
    assert image_set.left_out == {"outside_class_folders": 1}


def test_numbered_folders_say_their_class(tmp_path):
    picture(tmp_path / "10" / "a.jpg")
    picture(tmp_path / "2" / "b.jpg")
    assert {item.name: item.label for item in sets.find(tmp_path).items} == {"10/a.jpg": 10, "2/b.jpg": 2}


def test_a_list_of_labels_as_caffe_has_it(tmp_path):
    picture(tmp_path / "val" / "ILSVRC2012_val_00000001.JPEG")
    (tmp_path / "val.txt").write_text("ILSVRC2012_val_00000001.JPEG 65\n")
    (only,) = sets.find(tmp_path).items
    assert (only.label, sets.read_bytes(only)) == (65, b"x")


def test_parquet_as_hugging_face_has_it(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as parquet

    table = pa.table({"image": [{"bytes": b"one"}, {"bytes": b"two"}, {"bytes": b"three"}], "label": [4, -1, 0]})
    parquet.write_table(table, tmp_path / "val-00000.parquet")
    image_set = sets.find(tmp_path)
    assert [(item.label, sets.read_bytes(item)) for item in image_set.items] == [(4, b"one"), (0, b"three")]
    assert image_set.left_out == {"unlabelled": 1}


def test_a_list_as_the_competitions_have_it_counts_from_one_and_names_no_suffix(tmp_path):
    picture(tmp_path / "images" / "aa.png")
    picture(tmp_path / "images" / "bb.png")
    (tmp_path / "images.csv").write_text("ImageId,URL,TrueLabel\naa,x,306\nbb,y,1000\n")
    image_set = sets.find(tmp_path)
    assert [(item.name, item.label) for item in image_set.items] == [("aa.png", 305), ("bb.png", 999)]
    assert image_set.layout == "list counted from one"


def test_a_list_that_reaches_a_thousand_counts_from_one_unless_it_has_a_zero(tmp_path):
    for name in ("a.png", "b.png"):
        picture(tmp_path / name)
    (tmp_path / "labels.csv").write_text("filename,label\na.png,7\nb.png,1000\n")
    assert {item.name: item.label for item in sets.find(tmp_path).items} == {"a.png": 6, "b.png": 999}
    (tmp_path / "labels.csv").write_text("filename,label\na.png,0\nb.png,1000\n")
    assert {item.name: item.label for item in sets.find(tmp_path).items} == {"a.png": 0, "b.png": 1000}


def test_the_identity_is_of_names_contents_and_labels():
    whole = [("a", "1" * 64, 0), ("b", "2" * 64, 1)]
    assert identity(whole) == identity(whole[::-1])
    for changed in ([("a", "1" * 64, 1), whole[1]], [("c", "1" * 64, 0), whole[1]], [("a", "3" * 64, 0), whole[1]]):
        assert identity(changed) != identity(whole)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(NoImages, match="there is no folder"):
        sets.find(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("filename,class_index\na.png,1\na.png,2\n", "two labels"),
        ("filename,class_index\na.png,²\n", "no class number"),
        ("filename,class_index\na.png," + "9" * 5000 + "\n", "no class number"),
        ("filename,class_index\n1.png,1\n", "several images of that name"),
    ],
)
def test_a_list_that_says_two_things_or_none(tmp_path, text, named):
    for place in ("x/1.png", "y/1.png", "a.png"):
        picture(tmp_path / place)
    (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
    with pytest.raises(NoImages, match=named):
        sets.find(tmp_path)


def test_lists_in_other_encodings_and_broken_parquet_are_said_to_be_such(tmp_path):
    picture(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_bytes("filename,class_index\nä.png,1\n".encode("latin-1"))
    with pytest.raises(NoImages, match="no list in UTF-8"):
        sets.find(tmp_path)
    (tmp_path / "labels.csv").unlink()
    (tmp_path / "val.parquet").write_bytes(b"")
    with pytest.raises(NoImages, match="no readable parquet"):
        sets.find(tmp_path)


def test_a_sample_is_from_all_over_the_set():
    items = [sets.Item(str(number), number, "") for number in range(191)]
    assert [item.label for item in sets.sample(items, 96)][-1] >= 188
    assert sets.sample(items, 500) == items
