"""What only looks like JSON, sent where a batch is expected: the classes of the public JSON test suites, through HTTP.

Names are those of JSONTestSuite (``n_`` must be refused, ``i_`` is up to the reader, who refuses here).
"""

from __future__ import annotations

import pytest

from tests.api.hostile.hostility import put, refused

pytestmark = pytest.mark.timeout(30)

# Each stands where the text of a title belongs, in a batch that is otherwise valid.
VALUES = {
    "n_array_1_true_without_comma": b"[1 true]",
    "n_array_a_invalid_utf8": b"[a\xe5]",
    "n_array_colon_instead_of_comma": b'["": 1]',
    "n_array_comma_after_close": b'[""],',
    "n_array_comma_and_number": b"[,1]",
    "n_array_double_comma": b"[1,,2]",
    "n_array_extra_close": b'["x"]]',
    "n_array_incomplete_invalid_value": b"[x",
    "n_array_inner_array_no_comma": b"[3[4]]",
    "n_array_just_minus": b"[-]",
    "n_array_spaces_vertical_tab_formfeed": b'["\x0ba"\x0c]',
    "n_array_star_inside": b"[*]",
    "n_incomplete_false": b"[fals]",
    "n_incomplete_null": b"nul",
    "n_multidigit_number_then_00": b"123\x00",
    "n_number_++": b"++1234",
    "n_number_-01": b"-01",
    "n_number_-1.0.": b"-1.0.",
    "n_number_-NaN": b"-NaN",
    "n_number_.-1": b".-1",
    "n_number_.2e-3": b".2e-3",
    "n_number_0.3e+": b"0.3e+",
    "n_number_0E": b"0E",
    "n_number_1_000": b"1 000",
    "n_number_1eE2": b"1eE2",
    "n_number_2.e3": b"2.e3",
    "n_number_U+FF11_fullwidth_digit_one": "１".encode(),
    "n_number_expression": b"1+2",
    "n_number_infinity": b"infinity",
    "n_number_minus_space_1": b"- 1",
    "n_number_real_without_fractional_part": b"1.",
    "n_number_with_alpha_char": b"1.8011670033376514H-308",
    "n_object_bracket_key": b'{[: "x"}',
    "n_object_comma_instead_of_colon": b'{"x", null}',
    "n_object_double_colon": b'{"x"::"b"}',
    "n_object_emoji": "{🇨🇭}".encode(),
    "n_object_garbage_at_end": b'{"a":"a" 123}',
    "n_object_missing_key": b'{:"b"}',
    "n_object_non_string_key": b"{1:1}",
    "n_object_repeated_null_null": b"{null:null,null:null}",
    "n_object_trailing_comment": b'{"a":"b"/**/}',
    "n_object_two_commas_in_a_row": b'{"a":"b",,"c":"d"}',
    "n_object_unquoted_key": b'{a: "b"}',
    "n_string_1_surrogate_then_escape": rb'"\uD800\"',
    "n_string_backslash_00": b'"\\\x00"',
    "n_string_escaped_backslash_bad": rb'"\\\"',
    "n_string_escaped_ctrl_char_tab": b'"\\\t"',
    "n_string_escaped_emoji": '"\\🌀"'.encode(),
    "n_string_incomplete_surrogate": rb'"\uD834\uDd"',
    "n_string_invalid_backslash_esc": rb'"\a"',
    "n_string_invalid-utf-8-in-escape": b'"\\u\xe5"',
    "n_string_leading_uescaped_thinspace": rb'\u0020"asd"',
    "n_string_single_quote": b"'x'",
    "n_string_unescaped_tab": b'"\t"',
    "n_string_unicode_CapitalU": rb'"\UA66D"',
    "n_string_with_trailing_garbage": b'""x',
    "n_structure_capitalized_True": b"True",
    "n_structure_U+2060_word_joined": "[\u2060]".encode(),
    "n_structure_null-byte-outside-string": b"[\x00]",
    "n_structure_no_break_space": "\u00a01".encode(),
    "i_number_huge_exp": b"0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999999999969999999006",
    "i_number_neg_int_huge_exp": b"-1e+9999",
    "i_string_1st_valid_surrogate_2nd_invalid": rb'"\uD888\u1234"',
    "i_string_inverted_surrogates_U+1D11E": rb'"\uDd1e\uD834"',
    "i_string_UTF-8_invalid_sequence": b'"\xe6\x97\xa5\xd1\x88\xfa"',
    "i_string_not_in_unicode_range": b'"\xf4\xbf\xbf\xbf"',
    "i_string_overlong_sequence_6_bytes": b'"\xfc\x83\xbf\xbf\xbf\xbf"',
    "i_string_truncated-utf-8": b'"\xe0\xff"',
    "i_structure_500_nested_arrays": b"[" * 500 + b"]" * 500,
}

WHOLE = b'{"data":[{"actionId":"1","status":"done"}]}'
STRUCTURES = {
    "n_structure_4000_opening_arrays": b"[" * 4_000,
    "n_structure_open_array_object": b'[{"":' * 2_000,
    "n_structure_UTF8_BOM_no_data": b"\xef\xbb\xbf",
    "n_structure_UTF8_BOM_whole_batch": b"\xef\xbb\xbf" + WHOLE,
    "n_structure_angle_bracket_null": b"[<null>]",
    "n_structure_close_unopened_array": b"1]",
    "n_structure_double_array": WHOLE + WHOLE,
    "n_structure_lines_of_json": WHOLE + b"\n" + WHOLE,
    "n_structure_object_unclosed_no_value": b'{"":',
    "n_structure_object_with_comment": b'{"data":/*x*/[]}',
    "n_structure_trailing_hash": WHOLE + b"#",
    "n_structure_trailing_NUL": WHOLE + b"\x00",
    "n_structure_uescaped_LF_before_string": rb'\u000A""',
    "n_structure_whitespace_formfeed": b"\x0c" + WHOLE,
    "n_structure_xssi_prefix": b")]}',\n" + WHOLE,
    "n_structure_jsonp": b"callback(" + WHOLE + b")",
    "n_structure_form_fields": b"data=1&actionId=2",
    "n_structure_xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    "n_structure_yaml": b"data:\n- actionId: '1'\n",
    "n_structure_pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",
    "n_structure_gzip_without_saying_so": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "i_string_utf16LE_no_BOM": WHOLE.decode().encode("utf-16-le"),
    "i_string_UTF-16LE_with_BOM": WHOLE.decode().encode("utf-16"),
    "i_string_utf32BE": WHOLE.decode().encode("utf-32-be"),
    "i_string_utf7": b'+AHsAIg-data+ACI:[]+AH0-',
    "i_object_duplicated_envelope": b'{"data":[{"actionId":"1","status":"done"}],"data":[]}',
    "i_object_duplicated_key": b'{"data":[{"actionId":"1","status":"done","status":"draft"}]}',
    "i_object_duplicated_key_and_value": b'{"data":[{"actionId":"1","actionId":"1","status":"done"}]}',
    "i_object_duplicated_key_escaped": rb'{"data":[{"actionId":"1","status":"done","\u0073tatus":"draft"}]}',
    "i_object_duplicated_key_deep": b'{"data":[{"actionId":"1","title":{"en":"a","en":"b"}}]}',
    "i_object_duplicated_prototype": b'{"data":[{"actionId":"1","__proto__":{},"__proto__":{}}]}',
}  # fmt: skip


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_a_value_that_is_not_json_refuses_the_batch(service, value):
    body = b'{"data":[{"actionId":"1","title":{"en":' + value + b"}}]}"

    refused(service, service.patch(body=body), 400, "invalid-json")


@pytest.mark.parametrize("body", STRUCTURES.values(), ids=STRUCTURES.keys())
def test_a_body_that_is_not_one_json_document_is_refused(service, body):
    problem = refused(service, service.patch(body=body), 400, "invalid-json")

    assert len(problem["detail"]) < 300


# More arrays and objects than a batch has are counted before they are parsed; one integration action may have more.
CROWDED = {
    "n_structure_100000_opening_arrays": b"[" * 100_000,
    "n_structure_50000_open_arrays_and_objects": b'[{"":' * 50_000,
}


@pytest.mark.parametrize("body", CROWDED.values(), ids=CROWDED.keys())
def test_a_body_that_opens_too_much_is_refused_before_or_while_it_is_parsed(service, body):
    refused(service, service.patch(body=body), 413, "body-too-large")
    refused(service, put(service, body), 400, "invalid-json")


@pytest.mark.parametrize("body", STRUCTURES.values(), ids=STRUCTURES.keys())
def test_the_integration_endpoint_reads_as_strictly(service, body):
    refused(service, put(service, body), 400, "invalid-json")
