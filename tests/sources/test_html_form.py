"""HTML pages as people paste them."""

from __future__ import annotations

import pytest

from smartform.errors import DocumentError, FormError
from smartform.schema import MAX_FIELDS, Field, FieldType, FormSpec
from smartform.sources import from_html, load_form
from smartform.sources.html_form import read_page


def read(page: str) -> FormSpec:
    """The form on `page`, parsed in this process: quicker than `from_html`."""
    return FormSpec.from_dict(read_page(page))


def only(page: str) -> Field:
    """The single field on `page`."""
    form = read(page)
    assert len(form.fields) == 1
    return form.fields[0]


PAGE = """<!doctype html><html><head><title>Riverside Club</title></head><body>
<form id="search"><input type="search" name="q" placeholder="Search"></form>
<form id="join" method="post">
  <h2>Join the club</h2>
  <input type="hidden" name="token" value="x">
  <label for="fn">First name *</label><input id="fn" name="first" autocomplete="given-name">
  <label>E-mail <input type="email" name="mail" required></label>
  <fieldset><legend>Membership</legend>
    <label><input type="radio" name="plan" value="m"> Monthly</label>
    <label><input type="radio" name="plan" value="y" required> Yearly</label>
  </fieldset>
  <p>Sports
    <input type="checkbox" name="sport[]" value="row" id="s1"><label for="s1">Rowing</label>
    <input type="checkbox" name="sport[]" value="sail" id="s2"><label for="s2">Sailing</label></p>
  <label for="c">Country</label><select id="c" name="country"><option value="">Choose…</option>
    <optgroup label="Europe"><option value="it">Italy</option><option value="fr">France</option>
    </optgroup></select>
  <table><tr><td>Date of birth:</td><td><input type="date" name="dob"></td></tr></table>
  <textarea name="notes" aria-label="Anything else"></textarea>
  <input type="checkbox" name="ok"> I accept the rules<br>
  <input type="password" name="pw"><input type="file" name="f"><input type="submit" value="Go">
</form></body></html>"""


def test_a_whole_page_is_read_and_the_largest_form_chosen() -> None:
    form = from_html(PAGE)
    assert form.title == "Join the club"
    assert "2 forms" in form.description and "most fields" in form.description
    assert [(f.name, f.title, f.type.value) for f in form.fields] == [
        ("first", "First name", "text"),
        ("mail", "E-mail", "email"),
        ("plan", "Membership", "choice"),
        ("sport[]", "Sports", "multichoice"),
        ("country", "Country", "choice"),
        ("dob", "Date of birth", "date"),
        ("notes", "Anything else", "longtext"),
        ("ok", "I accept the rules", "boolean"),
    ]
    assert [f.name for f in form.fields if f.required] == ["first", "mail", "plan"]
    assert form["plan"].options == ("m", "y") and form["plan"].shown_options == ("Monthly", "Yearly")
    assert form["sport[]"].shown_options == ("Rowing", "Sailing")
    assert form["country"].options == ("it", "fr") and form["country"].shown_options == ("Italy", "France")


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ("type=text", "text"),
        ("", "text"),
        ("type=nonsense", "text"),
        ("type=EMAIL", "email"),
        ("type=tel", "phone"),
        ("type=url", "url"),
        ("type=number", "integer"),
        ("type=number step=0.01", "number"),
        ("type=number step=any", "number"),
        ("type=range", "integer"),
        ("type=date", "date"),
        ("type=month", "date"),
        ("type=week", "text"),
        ("type=time", "time"),
        ("type=datetime-local", "date"),
        ("type=checkbox", "boolean"),
        ("autocomplete='home tel'", "phone"),
        ("autocomplete=bday", "date"),
        ("autocomplete=email", "email"),
        ("type=color", "text"),
    ],
)
def test_input_types(attributes: str, kind: str) -> None:
    assert only(f"<input name=a {attributes}>").type.value == kind


@pytest.mark.parametrize(
    "page",
    [
        "<label for=i>Town</label><input id=i name=a>",
        "<label>Town <input name=a></label>",
        "<input name=a aria-label=Town>",
        "<span id=t>Town</span><div><input name=a aria-labelledby='t'></div>",
        "<input name=a placeholder=Town>",
        "<input name=a title=Town>",
        "Town: <input name=a>",
        "<p>Town</p><p><input name=a></p>",
        "<dl><dt>Town</dt><dd><input name=a></dd></dl>",
        "<b>Town</b> * <input name=a>",
        "<LABEL FOR=i>Town:</LABEL><INPUT ID=i NAME=a>",
    ],
)
def test_labels_are_found_wherever_they_stand(page: str) -> None:
    assert only(page).title == "Town"


def test_the_words_of_a_checkbox_do_not_label_what_follows() -> None:
    form = read("<input type=checkbox name=ok> I agree<br><textarea name=note></textarea>")
    assert form["note"].title == "Note"


def test_names_come_from_name_id_or_label() -> None:
    form = read("<input name=a><input id=b><label>Zip code <input></label><input><input name=a>")
    assert form.names == ("a", "b", "zipCode", "field", "a_2")


def test_descriptions_gather_hints() -> None:
    form = read("""<form><fieldset><legend>Billing address</legend>
      <label>Street <input name=s autocomplete="billing street-address"></label>
      <label>Code <input name=c pattern="[A-Z]{2}[0-9]+" maxlength=9></label>
      <label>VAT <input name=v title="As on your invoices" aria-describedby=h></label><i id=h>With country</i>
    </fieldset></form>""")
    assert form["s"].description == "Billing address › Street: billing street address"
    assert form["c"].description == "Billing address › Code: pattern [A-Z]{2}[0-9]+; at most 9 characters"
    assert form["v"].description == "Billing address › VAT: As on your invoices; With country"


def test_selects_lists_and_groups() -> None:
    form = read("""<select name=days multiple><option>Mon<option>Tue</select>
      <select name=empty></select>
      <input name=city list=cities placeholder="Your city">
      <datalist id=cities><option value=Rome><option>Bari</datalist>
      <div role=radiogroup aria-label="Pets"><input type=radio name=pet value=1>Cat
      <input type=radio name=pet value=2>Dog</div>""")
    assert form["days"].type is FieldType.MULTICHOICE and form["days"].options == ("Mon", "Tue")
    assert form["empty"].type is FieldType.TEXT
    assert form["city"].examples == ("Rome", "Bari")
    assert form["pet"].title == "Pets" and form["pet"].shown_options == ("Cat", "Dog")


def test_a_select_too_long_to_offer_is_asked_as_text() -> None:
    options = "".join(f"<option>Zone {n}</option>" for n in range(600))
    field = only(f"<select name=zone>{options}</select>")
    assert field.type is FieldType.TEXT and "600" in field.description


def test_controls_outside_and_tied_from_afar_count() -> None:
    form = read("<form id=f><input name=a></form><input name=b form=f><input name=c>")
    assert form.names == ("a", "b")
    assert read("<div><input name=a><select name=b><option>x</select></div>").names == ("a", "b")


def test_hidden_and_disabled_controls_are_left_alone() -> None:
    assert read("<input name=a><input name=b hidden><input name=c disabled><button>x</button>").names == (
        "a",
    )


def test_a_form_of_300_fields_is_read() -> None:
    rows = "".join(f"<p><label>Item {n} <input name=i{n}></label></p>" for n in range(300))
    form = load_form(f"<form>{rows}</form>")
    assert len(form.fields) == 300 and form["i299"].title == "Item 299"


@pytest.mark.parametrize("count", [MAX_FIELDS + 1, 25_000])
def test_more_fields_than_fit_are_refused(count: int) -> None:
    with pytest.raises(FormError) as raised:
        from_html("<form>" + "<input>" * count + "</form>")
    assert raised.value.hint


def test_a_page_without_fields_says_what_to_paste() -> None:
    with pytest.raises(FormError, match="no fields to fill") as raised:
        read("<html><body><p>Hello</p><form><button>Send</button></form></body></html>")
    assert "inspector" in raised.value.hint


@pytest.mark.parametrize(
    "page",
    [
        "<form><input name='\"><script>alert(1)</script>'></form>",
        "<form><label>\u202eابجد 😀 <input name=a></label></form>",
        "<input name='FIELD x^^^NO_DATA'>",
        "<form><form><form><input name=a></form><input name=b>",
        "<select name=a><option value=x>1<option value=x>2</select>",
        "<label for=a><label for=a><input id=a>",
        "<input name='" + "n" * 5_000 + "'>",
        "<p>" + "word " * 50_000 + "<input name=a>",
        "<table><input name=a><tr><input name=b></table>",
        "<template><input name=x></template><input name=a>",
        "<input name=a" + " x" * 10_000 + ">",
    ],
)
def test_odd_pages_give_a_form(page: str) -> None:
    form = read(page)
    assert all(len(f.name) <= 120 and len(f.label) <= 200 for f in form.fields)


def test_a_page_built_to_stall_the_parser_is_given_up() -> None:
    with pytest.raises(DocumentError, match="too much time") as raised:
        from_html("<div>" * 300_000 + "<input name=a>")
    assert raised.value.hint
